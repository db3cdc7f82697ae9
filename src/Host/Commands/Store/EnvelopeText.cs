using Kyberium.Host.Documents;

namespace Kyberium.Host.Commands.Store;

/// <summary>How an envelope's header looks to people.</summary>
internal static class EnvelopeText
{
    internal static void Write(TextWriter output, EnvelopeDocument envelope)
    {
        output.WriteLine($"envelope  {envelope.Type}, version {envelope.Version}, {envelope.Length:N0} bytes");
        output.WriteLine($"  suite        {envelope.Suite}");
        output.WriteLine($"  receiver     {envelope.Receiver} (shard {envelope.ReceiverShard})");
        output.WriteLine($"  epoch        {envelope.Epoch}");
        output.WriteLine($"  incarnation  {envelope.Incarnation}");
        output.WriteLine($"  sequence     {envelope.Sequence}");
        output.WriteLine($"  body         {envelope.BodyLength:N0} bytes, sealed");
    }
}

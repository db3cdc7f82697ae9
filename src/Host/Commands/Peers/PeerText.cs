using Kyberium.Host.Documents;

namespace Kyberium.Host.Commands.Peers;

/// <summary>How a peer looks to people.</summary>
internal static class PeerText
{
    internal static void Write(TextWriter output, PeerDocument peer)
    {
        output.WriteLine($"peer {peer.Peer} of identity {peer.Identity}: {peer.Status.ToString().ToLowerInvariant()}");
        output.WriteLine($"  addresses  {(peer.Addresses.Count == 0 ? "none" : string.Join(", ", peer.Addresses))}");
        output.WriteLine($"  template   {peer.Template}");
        output.WriteLine($"  session    {(peer.Session is null ? "none" : $"{peer.Session}, {peer.Suite}, epoch {peer.Epoch}")}");
        output.WriteLine($"  outbox     {peer.OutboxCount} waiting, next number {peer.NextNumber}");
        output.WriteLine($"  inbox      {peer.InboxCount} waiting, {peer.SetAsideCount} of them set aside, accepted through {peer.AcceptedThrough}");
        foreach (var pin in peer.Pins)
        {
            output.WriteLine($"  pin        {pin}");
        }

        if (peer.OutgoingStopped is { } outgoing)
        {
            output.WriteLine($"  sending stands still: {outgoing}; see 'kyberium peer reset-stream'");
        }

        if (peer.IncomingStopped is { } incoming)
        {
            output.WriteLine($"  accepting stands still: {incoming}; see 'kyberium peer reset-stream'");
        }
    }
}

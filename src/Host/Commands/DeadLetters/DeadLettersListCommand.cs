using System.CommandLine;
using Kyberium.Host.Commands.Messages;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.DeadLetters;

/// <summary><c>kyberium dead-letters list</c>.</summary>
internal static class DeadLettersListCommand
{
    private const int PreviewBytesMax = 64;

    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var identity = Parameters.Identity();
        return frame.Make("list", "Lists the messages of a peer that were set aside.", async call =>
        {
            var request = new PeerReference(call.Get(identity)!, call.Get(peer)!);
            var list = await call.AskAsync(NodeOperations.ListDeadLetters, request);
            call.Print(list, output =>
            {
                foreach (var message in list.Messages)
                {
                    var preview = PrintableText.Of(message.Payload.AsSpan(0, Math.Min(PreviewBytesMax, message.Payload.Length)));
                    output.WriteLine($"{message.Peer} {message.Number}  stream {message.Stream}  {message.Payload.Length:N0} bytes: {preview}");
                }
            });
        }, peer, identity);
    }
}

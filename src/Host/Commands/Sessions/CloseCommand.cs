using System.CommandLine;
using Kyberium.Host.Commands.Peers;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Sessions;

/// <summary><c>kyberium close</c>.</summary>
internal static class CloseCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var identity = Parameters.Identity();
        return frame.Make("close", "Ends every session with a peer and tells it; durable messages wait for the next session.", async call =>
        {
            var request = new PeerReference(call.Get(identity)!, call.Get(peer)!);
            var reply = await call.AskAsync(NodeOperations.Close, request);
            call.Print(reply, output => PeerText.Write(output, reply));
        }, peer, identity);
    }
}

using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer suspend</c>.</summary>
internal static class PeerSuspendCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var identity = Parameters.Identity();
        return frame.Make("suspend", "Stops all traffic with a peer; its queue is kept.", async call =>
        {
            var request = new PeerReference(call.Get(identity)!, call.Get(peer)!);
            var reply = await call.AskAsync(NodeOperations.SuspendPeer, request);
            call.Print(reply, output => PeerText.Write(output, reply));
        }, peer, identity);
    }
}

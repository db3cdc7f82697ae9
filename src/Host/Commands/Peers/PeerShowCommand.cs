using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer show</c>.</summary>
internal static class PeerShowCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var identity = Parameters.Identity();
        return frame.Make("show", "Shows a peer: status, session, queues, pins.", async call =>
        {
            var request = new PeerReference(call.Get(identity)!, call.Get(peer)!);
            var reply = await call.AskAsync(NodeOperations.ShowPeer, request);
            call.Print(reply, output => PeerText.Write(output, reply));
        }, peer, identity);
    }
}

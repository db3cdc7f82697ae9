using System.CommandLine;
using Kyberium.Host.Commands.Peers;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Sessions;

/// <summary><c>kyberium connect</c>.</summary>
internal static class ConnectCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var identity = Parameters.Identity();
        return frame.Make("connect", "Waits until there is a session with a peer, and makes one when there is none.", async call =>
        {
            var request = new PeerReference(call.Get(identity)!, call.Get(peer)!);
            var reply = await call.AskAsync(NodeOperations.Connect, request);
            call.Print(reply, output => PeerText.Write(output, reply));
        }, peer, identity);
    }
}

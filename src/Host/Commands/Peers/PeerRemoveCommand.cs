using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer remove</c>.</summary>
internal static class PeerRemoveCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var identity = Parameters.Identity();
        return frame.Make("remove", "Forgets a peer: its key at rest is destroyed, and with it everything stored of it.", async call =>
        {
            var request = new PeerReference(call.Get(identity)!, call.Get(peer)!);
            await call.AskAsync(NodeOperations.RemovePeer, request);
            call.Print(request, output => output.WriteLine($"removed {request.Peer} of identity {request.Identity}"));
        }, peer, identity);
    }
}

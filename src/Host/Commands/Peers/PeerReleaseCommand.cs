using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer release</c>.</summary>
internal static class PeerReleaseCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var identity = Parameters.Identity();
        return frame.Make("release", "Lets messages go out that were held back because the peer came back without its state.", async call =>
        {
            var request = new PeerReference(call.Get(identity)!, call.Get(peer)!);
            var reply = await call.AskAsync(NodeOperations.ReleasePeer, request);
            call.Print(reply, output => PeerText.Write(output, reply));
        }, peer, identity);
    }
}

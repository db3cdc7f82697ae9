using System.CommandLine;
using Kyberium.Host.Commands.Peers;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Sessions;

/// <summary><c>kyberium rekey</c>.</summary>
internal static class RekeyCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var identity = Parameters.Identity();
        return frame.Make("rekey", "Starts the next epoch with a peer now; the peer answers in its own time.", async call =>
        {
            var request = new PeerReference(call.Get(identity)!, call.Get(peer)!);
            var reply = await call.AskAsync(NodeOperations.Rekey, request);
            call.Print(reply, output => PeerText.Write(output, reply));
        }, peer, identity);
    }
}

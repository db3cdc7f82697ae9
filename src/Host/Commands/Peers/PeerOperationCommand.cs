using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary>A command that names a peer, has something done with it, and shows it as it is then.</summary>
internal static class PeerOperationCommand
{
    internal static Command Make(CommandFrame frame, string name, string description, NodeOperation<PeerReference, PeerDocument> operation)
    {
        var peer = Parameters.Peer();
        var identity = Parameters.Identity();
        return frame.Make(name, description, async call =>
        {
            var reply = await call.AskAsync(operation, new PeerReference(call.Get(identity)!, call.Get(peer)!));
            call.Print(reply, output => PeerText.Write(output, reply));
        }, peer, identity);
    }
}

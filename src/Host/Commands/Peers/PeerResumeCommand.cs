using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer resume</c>.</summary>
internal static class PeerResumeCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var identity = Parameters.Identity();
        return frame.Make("resume", "Lets a suspended peer go on.", async call =>
        {
            var request = new PeerReference(call.Get(identity)!, call.Get(peer)!);
            var reply = await call.AskAsync(NodeOperations.ResumePeer, request);
            call.Print(reply, output => PeerText.Write(output, reply));
        }, peer, identity);
    }
}

using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer reset-stream</c>.</summary>
internal static class PeerResetStreamCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var outgoing = new Option<bool>("--outgoing") { Description = "Starts a new stream to the peer; open messages are sent again in it." };
        var incoming = new Option<bool>("--incoming") { Description = "Takes up what the peer sends next where it stands." };
        var identity = Parameters.Identity();
        return frame.Make(
            "reset-stream", "Starts delivery anew after one side went back in time (a restored backup); both directions unless one is named.",
            async call =>
            {
                var both = !call.Get(outgoing) && !call.Get(incoming);
                var request = new StreamReset(call.Get(identity)!, call.Get(peer)!, both || call.Get(outgoing), both || call.Get(incoming));
                var reply = await call.AskAsync(NodeOperations.ResetStream, request);
                call.Print(reply, output => PeerText.Write(output, reply));
            }, peer, outgoing, incoming, identity);
    }
}

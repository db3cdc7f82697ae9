using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer pin</c>.</summary>
internal static class PeerPinCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var document = new Argument<string>("document") { Description = "The file with its new public document; - reads standard input." };
        var fingerprint = new Option<string?>("--fingerprint") { Description = "What the document must hash to, as its owner told it over another way.", HelpName = "hex" };
        var identity = Parameters.Identity();
        return frame.Make("pin", "Pins a second document of a peer that rotates its keys; the older pin goes when the new one has been used.", async call =>
        {
            var bytes = await DocumentFile.ReadAsync(call, call.Get(document)!, call.Get(fingerprint));
            var pinned = await call.AskAsync(
                NodeOperations.PinPeer, new PeerPin(call.Get(identity)!, call.Get(peer)!, bytes));
            call.Print(pinned, output => PeerText.Write(output, pinned));
        }, peer, document, fingerprint, identity);
    }
}

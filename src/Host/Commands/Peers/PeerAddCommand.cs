using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer add</c>.</summary>
internal static class PeerAddCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = new Argument<string>("peer") { Description = "The name it will have." };
        var document = new Argument<string>("document") { Description = "The file with its public document, as 'kyberium identity show' prints it; - reads standard input." };
        var addresses = new Option<string[]>("--address", "-a") { Description = "Where it listens, e.g. https://host:7443; preferred first.", HelpName = "address" };
        var template = new Option<string?>("--template") { Description = "The template whose values are frozen for it.", HelpName = "id" };
        var fingerprint = new Option<string?>("--fingerprint") { Description = "What the document must hash to, as its owner told it over another way.", HelpName = "hex" };
        var identity = Parameters.Identity();
        return frame.Make("add", "Pins a peer by its public document and freezes a policy for it.", async call =>
        {
            var bytes = await DocumentFile.ReadAsync(call, call.Get(document)!, call.Get(fingerprint));
            var request = new PeerAddition(call.Get(identity)!, call.Get(peer)!, bytes, call.Get(addresses) ?? [], call.Get(template));
            var added = await call.AskAsync(NodeOperations.AddPeer, request);
            call.Print(added, output => PeerText.Write(output, added));
        }, peer, document, addresses, template, fingerprint, identity);
    }
}

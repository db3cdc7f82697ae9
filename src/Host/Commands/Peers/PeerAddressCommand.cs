using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer address</c>.</summary>
internal static class PeerAddressCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var addresses = new Argument<string[]>("addresses") { Description = "Where it listens, preferred first; none when it always calls.", Arity = ArgumentArity.ZeroOrMore };
        var identity = Parameters.Identity();
        return frame.Make("address", "Says where a peer listens, in place of what was said before.", async call =>
        {
            var request = new PeerAddresses(call.Get(identity)!, call.Get(peer)!, call.Get(addresses) ?? []);
            var changed = await call.AskAsync(NodeOperations.SetAddresses, request);
            call.Print(changed, output => PeerText.Write(output, changed));
        }, peer, addresses, identity);
    }
}

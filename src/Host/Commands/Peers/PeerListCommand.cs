using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer list</c>.</summary>
internal static class PeerListCommand
{
    internal static Command Make(CommandFrame frame) => frame.Make("list", "Lists the peers of every identity.", async call =>
    {
        var list = await call.AskAsync(NodeOperations.ListPeers, Nothing.Instance);
        call.Print(list, output =>
        {
            foreach (var peer in list.Peers)
            {
                output.WriteLine($"{peer.Identity}  {peer.Peer}");
            }
        });
    });
}

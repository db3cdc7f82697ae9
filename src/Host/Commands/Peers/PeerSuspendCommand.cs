using System.CommandLine;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer suspend</c>.</summary>
internal static class PeerSuspendCommand
{
    internal static Command Make(CommandFrame frame) =>
        PeerOperationCommand.Make(frame, "suspend", "Stops all traffic with a peer; its queue is kept.", NodeOperations.SuspendPeer);
}

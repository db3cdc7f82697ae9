using System.CommandLine;
using Kyberium.Host.Commands.Peers;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Sessions;

/// <summary><c>kyberium rekey</c>.</summary>
internal static class RekeyCommand
{
    internal static Command Make(CommandFrame frame) =>
        PeerOperationCommand.Make(frame, "rekey", "Starts the next epoch with a peer now; the peer answers in its own time.", NodeOperations.Rekey);
}

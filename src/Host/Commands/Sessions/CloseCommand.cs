using System.CommandLine;
using Kyberium.Host.Commands.Peers;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Sessions;

/// <summary><c>kyberium close</c>.</summary>
internal static class CloseCommand
{
    internal static Command Make(CommandFrame frame) =>
        PeerOperationCommand.Make(frame, "close", "Ends every session with a peer and tells it; durable messages wait for the next session.", NodeOperations.Close);
}

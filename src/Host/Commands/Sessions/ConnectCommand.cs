using System.CommandLine;
using Kyberium.Host.Commands.Peers;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Sessions;

/// <summary><c>kyberium connect</c>.</summary>
internal static class ConnectCommand
{
    internal static Command Make(CommandFrame frame) =>
        PeerOperationCommand.Make(frame, "connect", "Waits until there is a session with a peer, and makes one when there is none.", NodeOperations.Connect);
}

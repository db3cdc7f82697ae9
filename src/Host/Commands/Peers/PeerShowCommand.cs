using System.CommandLine;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer show</c>.</summary>
internal static class PeerShowCommand
{
    internal static Command Make(CommandFrame frame) =>
        PeerOperationCommand.Make(frame, "show", "Shows a peer: status, session, queues, pins.", NodeOperations.ShowPeer);
}

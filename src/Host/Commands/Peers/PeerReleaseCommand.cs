using System.CommandLine;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer release</c>.</summary>
internal static class PeerReleaseCommand
{
    internal static Command Make(CommandFrame frame) =>
        PeerOperationCommand.Make(frame, "release", "Lets messages go out that were held back because the peer came back without its state.", NodeOperations.ReleasePeer);
}

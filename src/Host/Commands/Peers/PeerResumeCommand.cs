using System.CommandLine;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Peers;

/// <summary><c>kyberium peer resume</c>.</summary>
internal static class PeerResumeCommand
{
    internal static Command Make(CommandFrame frame) =>
        PeerOperationCommand.Make(frame, "resume", "Lets a suspended peer go on.", NodeOperations.ResumePeer);
}

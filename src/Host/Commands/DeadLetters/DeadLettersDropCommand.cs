using System.CommandLine;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.DeadLetters;

/// <summary><c>kyberium dead-letters drop</c>.</summary>
internal static class DeadLettersDropCommand
{
    internal static Command Make(CommandFrame frame) => DeadLetterSettlement.Make(
        frame, "drop", "Drops a message that was set aside, for good.", NodeOperations.DropDeadLetter, "was dropped");
}

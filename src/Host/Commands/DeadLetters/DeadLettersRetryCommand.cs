using System.CommandLine;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.DeadLetters;

/// <summary><c>kyberium dead-letters retry</c>.</summary>
internal static class DeadLettersRetryCommand
{
    internal static Command Make(CommandFrame frame) => DeadLetterSettlement.Make(
        frame, "retry", "Hands a message that was set aside out again.", NodeOperations.RetryDeadLetter, "is handed out again");
}

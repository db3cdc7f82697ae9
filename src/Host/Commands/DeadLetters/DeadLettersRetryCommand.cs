using System.CommandLine;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.DeadLetters;

/// <summary><c>kyberium dead-letters retry</c>.</summary>
internal static class DeadLettersRetryCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var choice = new DeadLetterChoice();
        return frame.Make("retry", "Hands a message that was set aside out again.", async call =>
        {
            await using var node = await call.OpenNodeAsync();
            var reference = (await choice.FindAsync(call, node)).Reference;
            await node.AskAsync(NodeOperations.RetryDeadLetter, reference, call.Stopping);
            call.Print(reference, output => output.WriteLine($"message {reference.Number} of {reference.Peer} is handed out again"));
        }, choice.Symbols);
    }
}

using System.CommandLine;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.DeadLetters;

/// <summary><c>kyberium dead-letters drop</c>.</summary>
internal static class DeadLettersDropCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var choice = new DeadLetterChoice();
        return frame.Make("drop", "Drops a message that was set aside, for good.", async call =>
        {
            await using var node = await call.OpenNodeAsync();
            var reference = (await choice.FindAsync(call, node)).Reference;
            await node.AskAsync(NodeOperations.DropDeadLetter, reference, call.Stopping);
            call.Print(reference, output => output.WriteLine($"message {reference.Number} of {reference.Peer} was dropped"));
        }, choice.Symbols);
    }
}

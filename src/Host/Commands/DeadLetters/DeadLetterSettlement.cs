using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.DeadLetters;

/// <summary>A command that settles what becomes of one message that was set aside.</summary>
internal static class DeadLetterSettlement
{
    /// <param name="outcome">What became of it, as it is told: "message 4 of alice <paramref name="outcome"/>".</param>
    internal static Command Make(
        CommandFrame frame, string name, string description, NodeOperation<MessageReference, Nothing> operation, string outcome)
    {
        var choice = new DeadLetterChoice();
        return frame.Make(name, description, async call =>
        {
            await using var node = await call.OpenNodeAsync();
            var reference = (await choice.FindAsync(call, node)).Reference;
            await node.AskAsync(operation, reference, call.Stopping);
            call.Print(reference, output => output.WriteLine($"message {reference.Number} of {reference.Peer} {outcome}"));
        }, choice.Symbols);
    }
}

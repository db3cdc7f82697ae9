using System.CommandLine;
using Kyberium.Host.Commands.Messages;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.DeadLetters;

/// <summary><c>kyberium dead-letters show</c>.</summary>
internal static class DeadLettersShowCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var choice = new DeadLetterChoice();
        return frame.Make("show", "Prints a message that was set aside, whole.", async call =>
        {
            await using var node = await call.OpenNodeAsync().ConfigureAwait(false);
            var message = await choice.FindAsync(call, node).ConfigureAwait(false);
            call.Print(message, output => output.WriteLine($"{message.Peer} {message.Number}: {PrintableText.Of(message.Payload)}"));
        }, choice.Symbols);
    }
}

using System.CommandLine;
using Kyberium.Host.Commands.Messages;

namespace Kyberium.Host.Commands.DeadLetters;

/// <summary><c>kyberium dead-letters show</c>.</summary>
internal static class DeadLettersShowCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var choice = new DeadLetterChoice();
        return frame.Make("show", "Prints a message that was set aside, whole.", async call =>
        {
            await using var node = await call.OpenNodeAsync();
            var message = await choice.FindAsync(call, node);
            call.Print(message, output => output.WriteLine($"{message.Peer} {message.Number}: {PrintableText.Of(message.Payload)}"));
        }, choice.Symbols);
    }
}

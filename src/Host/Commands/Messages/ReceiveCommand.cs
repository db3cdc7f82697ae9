using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Messages;

/// <summary><c>kyberium receive</c>: prints messages, and says of each that it was handled once it is printed.</summary>
internal static class ReceiveCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var count = new Option<long?>("--count", "-n")
        {
            Description = "Ends after so many messages, waiting for them.",
            HelpName = "number",
            CustomParser = result => Parameters.Read<long>(result, "a whole number, 1 or more", min: 1),
        };
        var follow = new Option<bool>("--follow", "-f") { Description = "Goes on until it is told to stop (Ctrl-C)." };
        var raw = new Option<bool>("--raw") { Description = "Writes each payload's bytes as they are, and a line feed; for pipes." };
        var reject = new Option<bool>("--reject")
        {
            Description = "Says of each message that handling it failed: it comes again, and is set aside when that happened too often.",
        };
        return frame.Make(
            "receive", "Prints received messages as they come and acknowledges each once it is printed. Without --count and --follow: those that wait now.",
            async call =>
            {
                if (call.Get(raw) && call.IsJson)
                {
                    throw HostErrors.Together("--raw", "--json");
                }

                await using var node = await call.OpenNodeAsync();
                var settle = call.Get(reject) ? NodeOperations.Reject : NodeOperations.Acknowledge;
                try
                {
                    var waits = call.Get(follow) || call.Get(count) is not null;
                    await foreach (var message in node.ReceiveAsync(call.Get(count), waits, call.Stopping))
                    {
                        await PrintAsync(call, message, call.Get(raw));
                        await node.AskAsync(settle, message.Reference, CancellationToken.None);   // printed is printed
                    }
                }
                catch (OperationCanceledException) when (call.Get(follow) && call.Stopping.IsCancellationRequested)
                {
                    // Being told to stop is how following ends.
                }
            }, count, follow, raw, reject);
    }

    private static async Task PrintAsync(CommandCall call, MessageDocument message, bool raw)
    {
        if (raw)
        {
            await call.Terminal.RawOutput.WriteAsync(message.Payload);
            await call.Terminal.RawOutput.WriteAsync("\n"u8.ToArray());
            await call.Terminal.RawOutput.FlushAsync();
        }
        else if (call.IsJson)
        {
            call.PrintLine(message);
        }
        else
        {
            call.Terminal.Output.WriteLine($"{message.Peer} {message.Number}: {PrintableText.Of(message.Payload)}");
        }
    }
}

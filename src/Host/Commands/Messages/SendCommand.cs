using System.CommandLine;
using System.Text;
using Kyberium.Configuration.Hocon;
using Kyberium.Engine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Messages;

/// <summary><c>kyberium send</c>: an argument, a file, or each line of standard input.</summary>
internal static class SendCommand
{
    private static readonly TimeSpan FullOutboxWait = TimeSpan.FromMilliseconds(100);

    internal static Command Make(CommandFrame frame)
    {
        var peer = Parameters.Peer();
        var message = new Argument<string?>("message")
        {
            Description = "The message. Without it and --file, each line of standard input is one.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var file = new Option<string?>("--file", "-f") { Description = "Sends a whole file as one message; - is standard input.", HelpName = "path" };
        var operation = new Option<Guid?>("--operation")
        {
            Description = "An id under which a repeat of this command is not sent twice; for one message, not for lines.",
            HelpName = "guid",
            CustomParser = result => Parameters.Read<Guid>(result, Parameters.GuidForm),
        };
        var expires = new Option<string?>("--expires-after") { Description = "How long it may wait for its acknowledgement, e.g. 10m; without: as the peer's policy says.", HelpName = "duration" };
        var identity = Parameters.Identity();
        return frame.Make(
            "send", "Sends durable messages. Done when they are in the journal; delivery goes on from there.",
            async call =>
            {
                if (call.Get(message) is not null && call.Get(file) is not null)
                {
                    throw HostErrors.Together("a message", "--file");
                }

                if (call.Get(operation) is not null && call.Get(message) is null && call.Get(file) is null)
                {
                    throw HostErrors.Together("--operation", "lines of standard input");
                }

                var make = Template(call.Get(identity)!, call.Get(peer)!, call.Get(expires));
                await using var node = await call.OpenNodeAsync();
                if (call.Get(message) is { } text)
                {
                    await SendAsync(call, node, make(Encoding.UTF8.GetBytes(text)) with { Operation = call.Get(operation) });
                }
                else if (call.Get(file) is { } path)
                {
                    var bytes = await BoundedFile.ReadAsync(call, path, SessionEngine.PayloadLengthMax);
                    await SendAsync(call, node, make(bytes) with { Operation = call.Get(operation) });
                }
                else
                {
                    await SendLinesAsync(call, node, make);
                }
            }, peer, message, file, operation, expires, identity);
    }

    private static Func<byte[], Sending> Template(string identity, string peer, string? expires)
    {
        if (expires is null)
        {
            return payload => new Sending(identity, peer, payload);
        }

        return HoconDuration.TryParse(expires, out var after) && after > TimeSpan.Zero
            ? payload => new Sending(identity, peer, payload, ExpiresAfterMillis: (long)after.TotalMilliseconds)
            : throw HostErrors.Invalid($"--expires-after is '{expires}'; it must be {HoconDuration.Expected}");
    }

    private static async Task SendAsync(CommandCall call, INode node, Sending request)
    {
        var sent = await node.AskAsync(NodeOperations.Send, request, call.Stopping);
        if (call.IsJson)
        {
            call.PrintLine(sent);
        }
        else
        {
            call.Terminal.Output.WriteLine($"message {sent.Number} to {request.Peer}");
        }
    }

    // A full outbox makes the producer wait, as it would an embedded caller.
    private static async Task SendLinesAsync(CommandCall call, INode node, Func<byte[], Sending> make)
    {
        await foreach (var line in PayloadLines.ReadAsync(call.Terminal.Input, call.Stopping))
        {
            var request = make(line);
            while (true)
            {
                try
                {
                    await SendAsync(call, node, request);
                    break;
                }
                catch (EngineException full) when (full.Code == EngineErrorCode.OutboxFull)
                {
                    await Task.Delay(FullOutboxWait, call.Stopping);
                }
            }
        }
    }
}

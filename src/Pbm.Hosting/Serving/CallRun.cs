using Kyberium.Engine;
using Kyberium.Pbm.Hosting.Admission;
using Kyberium.Pbm.Hosting.Protocol;
using Microsoft.Extensions.Logging;

namespace Kyberium.Pbm.Hosting.Serving;

/// <summary>Runs one call: items as they come, then their count, or one error.</summary>
internal sealed class CallRun(OpenCall open, PbmCall call, string name, Operator caller, string remote, FrameWriter writer, CallTable table, ILogger logger)
{
    private const int SwitchTextMax = 256;

    private long _count;

    /// <summary>Runs it to its end. Never fails: what goes wrong is told to the caller, or to the log when there is nobody to tell.</summary>
    internal async Task RunAsync(IReadOnlyDictionary<string, string> switches)
    {
        using var _ = open;
        if (open.Command.Changes)
        {
            PbmLog.ChangeBegins(logger, caller.Actor, remote, name, Show(switches));
        }

        var last = await AnswerAsync().ConfigureAwait(false);
        if (open.Command.Changes)
        {
            PbmLog.ChangeEnded(
                logger, caller.Actor, remote, name,
                last is PbmMessage.Error error ? $"KY{error.Code}" : last is null ? "done or not, the caller had gone" : "done");
        }

        try
        {
            if (last is not null)
            {
                await writer.SendAsync(last, CancellationToken.None, () => table.Remove(open)).ConfigureAwait(false);
            }
        }
        catch (ConnectionClosedException)
        {
            // Nobody is there to be told.
        }
        finally
        {
            table.Remove(open);
        }
    }

    /// <summary>Sends the items. Gives what is to be said last; nothing when nobody is there to hear it.</summary>
    private async Task<PbmMessage?> AnswerAsync()
    {
        try
        {
            open.Begin();
            await foreach (var item in open.Command.Run(call, open.Ending).WithCancellation(open.Ending).ConfigureAwait(false))
            {
                await writer.SendAsync(new PbmMessage.Item(open.Id, item.Fields, item.Text), open.Ending).ConfigureAwait(false);
                _count++;
            }

            return new PbmMessage.End(open.Id, _count);
        }
        catch (ConnectionClosedException)
        {
            return null;
        }
        catch (OperationCanceledException) when (open.Ending.IsCancellationRequested)
        {
            return open.Reason switch
            {
                CallEnd.Cancelled => Error(PbmErrorCode.Cancelled, "cancelled"),
                CallEnd.Stopping => Error((int)EngineErrorCode.EngineStopping, "the process is stopping; repeat the command when it runs again"),
                _ => Error(PbmErrorCode.TimedOut, "the command took too long and was ended; what it had begun may be done"),
            };
        }
        catch (EngineException known)
        {
            return Error((int)known.Code, Bare(known));
        }
        catch (PbmProtocolException refused)
        {
            return Error(refused.Code, refused.Message);
        }
#pragma warning disable CA1031 // A palette is others' code: its defect is one call's failure, told in the log with all that is known.
        catch (Exception failure)
        {
            PbmLog.CommandFailed(logger, name, failure);
            return Error((int)EngineErrorCode.InternalError, $"'{name}' failed; the log of the process says why");
        }
#pragma warning restore CA1031
    }

    private PbmMessage.Error Error(PbmErrorCode code, string message) => Error((int)code, message);

    private PbmMessage.Error Error(int code, string message) =>
        new(code, message.Length <= PbmLimits.TextLengthMax ? message : message[..PbmLimits.TextLengthMax], open.Id);

    private static string Bare(EngineException known)
    {
        var prefix = $"KY{(int)known.Code}: ";
        return known.Message.StartsWith(prefix, StringComparison.Ordinal) ? known.Message[prefix.Length..] : known.Message;
    }

    private static string Show(IReadOnlyDictionary<string, string> switches)
    {
        var text = string.Join(' ', switches.Select(one => one.Value.Length == 0 ? $"--{one.Key}" : $"--{one.Key} {one.Value}"));
        var shown = new string([.. text.Take(SwitchTextMax).Select(letter => char.IsControl(letter) ? '?' : letter)]);
        return shown.Length == 0 ? "no switches" : shown;
    }
}

using Kyberium.Pbm.Asking;
using Kyberium.Pbm.Hosting.Protocol;
using Kyberium.Pbm.Output;

namespace Kyberium.Pbm.Prompt;

/// <summary>Reads command lines and runs them, until there are no more: with editing where a person types, plainly from a pipe.</summary>
internal sealed class PromptLoop(CommandSession session, Arguments arguments, Terminal terminal, Signals signals)
{
    private readonly History _history = new();

    /// <returns>0 where a person typed; else the exit code of the last command that failed, and 0 when none did.</returns>
    internal async Task<int> RunAsync()
    {
        var welcome = await session.WelcomeAsync(signals.Ending);
        var last = ExitCode.Ok;
        if (terminal.IsInteractive)
        {
            await terminal.Output.WriteLineAsync(TextAnswer.Printable(
                $"{welcome.Program}, you are {welcome.Operator}. 'help' lists what there is, Tab completes, 'exit' ends."));
        }

        while (!signals.Ending.IsCancellationRequested && await ReadAsync(welcome) is { } line)
        {
            if (line.Trim() is "exit" or "quit")
            {
                break;
            }

            var code = line.Trim().Length == 0 ? ExitCode.Ok : await RunAsync(line);
            last = code == ExitCode.Ok ? last : code;
        }

        return terminal.IsInteractive ? ExitCode.Ok : last;
    }

    private async Task<int> RunAsync(string line)
    {
        _history.Add(line);
        var command = signals.BeginCommand();
        try
        {
            if (!CommandWords.TrySplit(line, out var typed, out var problem))
            {
                throw PbmFailures.Usage(problem);
            }

            var (view, words) = View.Take(typed);
            if (words.Count > 0 && words[0] == "help")
            {
                (view, words) = (view with { WantsHelp = true }, [.. words.Skip(1)]);
            }

            return await session.RunAsync(words, view with { Json = view.Json || arguments.View.Json }, command.Token);
        }
        catch (OperationCanceledException) when (command.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (PbmFailure failure)
        {
            await terminal.Error.WriteLineAsync(TextAnswer.Printable(failure.Message));
            return failure.ExitCode;
        }
        finally
        {
            signals.EndCommand(command);
        }
    }

    private async Task<string?> ReadAsync(PbmMessage.Welcome welcome)
    {
        try
        {
            return terminal.IsInteractive
                ? await new KeyedLine($"[{arguments.Target.Address}] pbm> ", welcome.Palettes, _history, terminal.Output).ReadAsync(signals.Ending)
                : await terminal.Input.ReadLineAsync(signals.Ending);
        }
        catch (OperationCanceledException) when (signals.Ending.IsCancellationRequested)
        {
            return null;
        }
    }
}

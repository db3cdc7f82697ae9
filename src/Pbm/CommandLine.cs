using Kyberium.Pbm.Asking;
using Kyberium.Pbm.Output;
using Kyberium.Pbm.Prompt;

namespace Kyberium.Pbm;

/// <summary>Runs one command line, and turns what went wrong into a line and an exit code.</summary>
internal static class CommandLine
{
    /// <param name="words">As the shell gives them, without the program's name.</param>
    /// <param name="terminal">Where input comes from and results go.</param>
    /// <param name="signals">What interrupts.</param>
    /// <returns>The process's exit code.</returns>
    internal static async Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, Signals signals)
    {
        try
        {
            var arguments = Arguments.Parse(words, terminal.Variables);
            if (arguments.WantsVersion)
            {
                await terminal.Output.WriteLineAsync($"pbm {ProgramVersion.Text}");
                return ExitCode.Ok;
            }

            await using var session = new CommandSession(arguments.Target, terminal.Output, TimeProvider.System);
            if (arguments is { WantsHelp: true, Words.Count: 0 })
            {
                return await HelpAsync(session, terminal, signals.Ending);
            }

            return arguments.Words.Count > 0
                ? await session.RunAsync(arguments.Words, arguments.View, signals.Ending)
                : await new PromptLoop(session, arguments, terminal, signals).RunAsync();
        }
        catch (OperationCanceledException) when (signals.Ending.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (PbmFailure failure)
        {
            await terminal.Error.WriteLineAsync(TextAnswer.Printable(failure.Message));
            return failure.ExitCode;
        }
        catch (IOException failure)
        {
            await terminal.Error.WriteLineAsync($"pbm: reading or writing failed ({failure.Message})");
            return ExitCode.InputOutput;
        }
#pragma warning disable CA1031 // The last line of defence: a defect, too, is told in one line with an exit code of its own.
        catch (Exception failure)
        {
            await terminal.Error.WriteLineAsync(
                $"pbm: it failed in a way it does not know ({failure.GetType().Name}: {TextAnswer.Printable(failure.Message)}); report it with these words");
            return ExitCode.Operator;
        }
#pragma warning restore CA1031
    }

    /// <summary>Explains the program, and what the process offers when one can be asked.</summary>
    private static async Task<int> HelpAsync(CommandSession session, Terminal terminal, CancellationToken cancellationToken)
    {
        await terminal.Output.WriteAsync(HelpText.Usage);
        try
        {
            var welcome = await session.WelcomeAsync(cancellationToken);
            await terminal.Output.WriteAsync("\n" + HelpText.Of(welcome, CommandMatch.Find(welcome.Palettes, [])));
        }
        catch (PbmFailure unreachable)
        {
            await terminal.Output.WriteAsync($"\nWhat can be asked is not known now. {TextAnswer.Printable(unreachable.Message)}\n");
        }

        return ExitCode.Ok;
    }
}

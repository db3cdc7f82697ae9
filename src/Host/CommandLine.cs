using System.CommandLine;
using Kyberium.Engine;

namespace Kyberium.Host;

/// <summary>Runs one command line: parses it, runs the command, turns what went wrong into a line and an exit code.</summary>
internal static class CommandLine
{
    /// <param name="arguments">As the shell gives them, without the program's name.</param>
    /// <param name="terminal">Where input comes from and results go.</param>
    /// <param name="stopping">Cancelled by a signal.</param>
    /// <returns>The process's exit code.</returns>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken stopping)
    {
        try
        {
            var parsed = Subcommands.Parse(terminal, arguments);
            if (parsed.Errors.Count > 0)
            {
                throw HostErrors.Usage(parsed.Errors.Select(error => error.Message.TrimEnd('.')), PathOf(parsed));
            }

            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = terminal.Output,
                    Error = terminal.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,       // signals are Program's
                },
                stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (EngineException failure)
        {
            return Report(terminal, failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Report(terminal, HostErrors.FileFailed(failure));
        }
#pragma warning disable CA1031 // The last line of defence: a defect, too, is told in one line with a code and an exit code of its own.
        catch (Exception failure)
        {
            return Report(terminal, HostErrors.Defect(failure));
        }
#pragma warning restore CA1031
    }

    private static int Report(Terminal terminal, EngineException failure)
    {
        terminal.Error.WriteLine(failure.Message);
        return ExitCode.Of(failure.Code);
    }

    private static string PathOf(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? result = parsed.CommandResult; result is not null; result = result.Parent)
        {
            if (result is System.CommandLine.Parsing.CommandResult command)
            {
                names.Insert(0, command.Command is RootCommand ? "kyberium" : command.Command.Name);
            }
        }

        return string.Join(' ', names);
    }
}

using System.CommandLine;
using Kyberium.Engine;
using Kyberium.Host;
using Kyberium.Lighthouse.Commands;

namespace Kyberium.Lighthouse;

/// <summary>Runs one command line: parses it, runs the command, turns what went wrong into a line and an exit code.</summary>
internal static class CommandLine
{
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken stopping)
    {
        try
        {
            var parsed = Build(output).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Errors.Count > 0)
            {
                throw LighthouseErrors.Usage(parsed.Errors.Select(problem => problem.Message.TrimEnd('.')));
            }

            return await parsed.InvokeAsync(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (EngineException failure)
        {
            await error.WriteLineAsync(failure.Message);
            return ExitCode.Of(failure.Code);
        }
#pragma warning disable CA1031 // The last line of defence: a defect, too, is told in one line with a code and an exit code of its own.
        catch (Exception failure)
        {
            var defect = LighthouseErrors.Defect(failure);
            await error.WriteLineAsync(defect.Message);
            return ExitCode.Of(defect.Code);
        }
#pragma warning restore CA1031
    }

    private static RootCommand Build(TextWriter output)
    {
        var frame = new CommandFrame(output);
        var root = new RootCommand("The process nodes of a cluster join through, and the cluster's own certificate authority.");
        root.Options.Add(frame.Config);
        root.Options.Add(frame.Set);
        root.Subcommands.Add(ServeCommand.Make(frame));
        root.Subcommands.Add(CommandFrame.Group(
            "ca", "The cluster's certificate authority.", AuthorityCommands.Create(frame), AuthorityCommands.Rotate(frame), AuthorityCommands.Show(frame),
            AuthorityCommands.Issue(frame)));
        root.Subcommands.Add(CommandFrame.Group(
            "certificate", "The certificates that nodes have.", CertificateCommands.List(frame), CertificateCommands.Deny(frame)));
        root.Subcommands.Add(CommandFrame.Group("token", "What new nodes show.", TokenCommand.Create(frame)));
        root.Subcommands.Add(CommandFrame.Group(
            "witness", "What is remembered of how far the cluster's store had come.", WitnessCommands.List(frame), WitnessCommands.Forget(frame)));
        return root;
    }
}

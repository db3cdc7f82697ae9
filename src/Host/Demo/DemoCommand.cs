using System.CommandLine;
using Kyberium.Engine;
using Kyberium.Host.Commands;

namespace Kyberium.Host.Demo;

/// <summary><c>kyberium demo</c>: two nodes exchange a text while one after the other is killed.</summary>
internal static class DemoCommand
{
    /// <summary>The hidden command that runs one of the two nodes.</summary>
    internal const string NodeName = "demo-node";

    private const int KillsDefault = 5;
    private const int KillsMax = 1_000;

    internal static Command Make(CommandFrame frame)
    {
        var file = new Option<string?>("--file", "-f")
        {
            Description = "The text whose lines are exchanged; one comes with the program.",
            HelpName = "path",
        };
        var kills = new Option<int?>("--kills")
        {
            Description = "How often a node is killed with SIGKILL, the two in turn.",
            HelpName = "count",
            DefaultValueFactory = _ => KillsDefault,
            CustomParser = result => Parameters.Read<int>(result, "a whole number"),
        };
        var keep = new Option<bool>("--keep") { Description = "Keeps both nodes' data and says where it lies." };
        return frame.Make(
            "demo", "Runs two nodes as processes that exchange a text durably while they are killed, and checks what arrived.",
            call => RunAsync(call, call.Get(file), call.Get(kills) ?? KillsDefault, call.Get(keep)), file, kills, keep);
    }

    internal static Command MakeNode(CommandFrame frame)
    {
        var folder = new Argument<string>("folder");
        var listen = new Argument<string>("listen");
        var peer = new Argument<string>("peer");
        var command = frame.Make(
            NodeName, "One node of the demo.",
            call => DemoNode.RunAsync(call.Get(folder)!, call.Get(listen)!, call.Get(peer)!, call.Terminal), folder, listen, peer);
        command.Hidden = true;
        return command;
    }

    private static async Task<int> RunAsync(CommandCall call, string? file, int kills, bool keep)
    {
        var text = await DemoText.ReadAsync(file, call.Stopping).ConfigureAwait(false);
        var killsMax = Math.Min(KillsMax, text.Lines.Count);
        if (kills < 0 || kills > killsMax)
        {
            throw DemoErrors.KillsOutOfRange(kills, killsMax);
        }

        var folder = Directory.CreateTempSubdirectory("kyberium-demo-").FullName;     // for this user only
        var isTold = false;
        try
        {
            // The account goes to standard output, what happens meanwhile to standard error.
            var isTerminal = ReferenceEquals(call.Terminal.Error, Console.Error) && !Console.IsErrorRedirected;
            DemoReport report;
            await using (var run = new DemoRun(text, folder, kills, new DemoProgress(call.Terminal.Error, isTerminal)))
            {
                report = await run.RunAsync(call.Stopping).ConfigureAwait(false);
            }

            keep |= !report.OrderAndBytesVerified;
            report = report with { Folder = keep ? folder : null };
            call.Print(report, report.Write);
            isTold = true;
            return report.OrderAndBytesVerified ? ExitCode.Ok : ExitCode.Operator;
        }
        catch (EngineException)
        {
            keep = true;        // whoever looks for the cause needs it
            throw;
        }
        finally
        {
            if (!keep)
            {
                Directory.Delete(folder, recursive: true);
            }

            if (!isTold)
            {
                call.Terminal.Error.WriteLine(keep ? $"both nodes are stopped; their data lies in {folder}" : "both nodes are stopped and their data is deleted");
            }
        }
    }
}

using System.CommandLine;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Lighthouse.Serving;

namespace Kyberium.Lighthouse.Commands;

/// <summary><c>lighthouse serve</c>: runs until a signal stops it.</summary>
internal static class ServeCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var command = new Command("serve", "Lets nodes join until it is told to stop (Ctrl-C, SIGTERM). Logs go to standard error.");
        command.SetAction(async (parsed, stopping) =>
        {
            var options = frame.Read(parsed);
            var file = new AuthorityFile(options.Directory);
            var found = (await file.ReadAsync(stopping)).Cluster.Value;
            if (options.Cluster.Length > 0 && options.Cluster != found)
            {
                throw LighthouseErrors.AnotherCluster(options.Cluster, found);
            }

            await using var server = await JoinServer.StartAsync(options, file, stopping);
            await frame.Output.WriteLineAsync($"ready: lighthouse of cluster {found}, process {Environment.ProcessId}\n  listen   {server.Address}"
                + (server.PbmAddresses.Count == 0 ? "" : $"\n  pbm      {string.Join(", ", server.PbmAddresses)}"));
            await frame.Output.FlushAsync(CancellationToken.None);
            var stopped = new TaskCompletionSource();
            await using var registration = stopping.Register(stopped.SetResult);
            await stopped.Task;
        });
        return command;
    }
}

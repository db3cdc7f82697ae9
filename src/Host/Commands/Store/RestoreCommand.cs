using System.CommandLine;
using Kyberium.Host.Control;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kyberium.Host.Commands.Store;

/// <summary><c>kyberium restore</c>: places a backup, and goes on from an older copy when told that the newer one is lost.</summary>
internal static class RestoreCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var file = new Argument<string?>("file") { Description = "The backup to place into an empty data directory.", Arity = ArgumentArity.ZeroOrOne };
        var accept = new Option<bool>("--accept")
        {
            Description = "The newer copy is lost for good: go on from this one. Every session ends and every delivery stream starts anew.",
        };
        return frame.Make("restore", "Restores a stopped node from a backup. An older copy is refused until it is accepted.", async call =>
        {
            var configuration = call.ReadConfiguration();
            await using var running = await ControlClient.TryConnectAsync(configuration, call.Stopping);
            if (running is not null)
            {
                throw HostErrors.NotWhileRunning("restore");
            }

            var isNode = configuration.Host.Cluster.IsNode;
            if (call.Get(file) is not null && isNode)
            {
                throw HostErrors.ClusterDatabase();
            }

            if (call.Get(file) is { } backup)
            {
                await StoreRestoration.PlaceAsync(configuration, Path.GetFullPath(backup), call.Stopping);
            }
            else if (!call.Get(accept))
            {
                throw HostErrors.NothingToRestore();
            }
            else if (!isNode && !NodeStart.HasStore(configuration))
            {
                throw HostErrors.NoStore(configuration.DataDirectory);
            }

            if (call.Get(accept))
            {
                await using var node = await NodeStart.OpenAsync(
                    configuration, NullLoggerFactory.Instance, [], acceptRestored: true, call.Stopping);
            }

            var result = new RestorationDocument(configuration.DataDirectory, call.Get(accept));
            call.Print(result, output => output.WriteLine(result.Accepted
                ? $"{(isNode ? $"cluster '{configuration.Host.Cluster.Name}'" : $"'{result.DataDirectory}'")} goes on from this copy; peers may need 'kyberium peer reset-stream'"
                : $"restored into '{result.DataDirectory}'; if the store had gone on since, run 'kyberium restore --accept'"));
        }, file, accept);
    }
}

using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Store;

/// <summary><c>kyberium checkpoint</c>.</summary>
internal static class CheckpointCommand
{
    internal static Command Make(CommandFrame frame) =>
        frame.Make("checkpoint", "Writes a checkpoint of every shard now, so that a recovery has little to read.", async call =>
        {
            await call.AskAsync(NodeOperations.Checkpoint, Nothing.Instance);
            call.Print(Nothing.Instance, output => output.WriteLine("checkpoint written"));
        });
}

using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Store;

/// <summary><c>kyberium backup</c>.</summary>
internal static class BackupCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var file = new Argument<string>("file") { Description = "The file to make; never overwritten." };
        return frame.Make(
            "backup", "Copies the store, as it is at one moment, to a file; beside a running node too. The keyring is not in it: keep that apart.",
            async call =>
            {
                var request = new BackupRequest(Path.GetFullPath(call.Get(file)!));
                var backup = await call.AskAsync(NodeOperations.Backup, request);
                call.Print(backup, output => output.WriteLine($"backup of {backup.Bytes:N0} bytes at {backup.Path}"));
            }, file);
    }
}

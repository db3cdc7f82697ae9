using System.CommandLine;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Keyrings;

/// <summary><c>kyberium keyring rotate</c>.</summary>
internal static class KeyringRotateCommand
{
    internal static Command Make(CommandFrame frame) => frame.Make("rotate", "Adds a new current master key; the older ones stay for what they wrapped. A running node follows by itself.", async call =>
    {
        await using var keyring = await KeyringAccess.OpenAsync(call.ReadConfiguration(), call.Stopping);
        await keyring.RotateAsync(call.Stopping);
        KeyringPrinting.Print(call, keyring);
    });
}

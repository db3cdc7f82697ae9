using System.CommandLine;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Keyrings;

/// <summary><c>kyberium keyring show</c>.</summary>
internal static class KeyringShowCommand
{
    internal static Command Make(CommandFrame frame) => frame.Make("show", "Shows the master keys' names and ages, never a key.", async call =>
    {
        await using var keyring = await KeyringAccess.OpenAsync(call.ReadConfiguration(), call.Stopping);
        KeyringPrinting.Print(call, keyring);
    });
}

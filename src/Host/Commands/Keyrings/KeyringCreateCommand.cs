using System.CommandLine;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Keyrings;

/// <summary><c>kyberium keyring create</c>.</summary>
internal static class KeyringCreateCommand
{
    internal static Command Make(CommandFrame frame) => frame.Make("create", "Makes a keyring with one random master key, mode 0600. Never overwrites one. Keep a copy apart from the backups of the data directory.", async call =>
    {
        await using var keyring = await KeyringAccess.CreateAsync(call.ReadConfiguration(), call.Stopping);
        KeyringPrinting.Print(call, keyring);
    });
}

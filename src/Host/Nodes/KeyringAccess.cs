using Kyberium.Engine;
using Kyberium.Host.Configuration;

namespace Kyberium.Host.Nodes;

/// <summary>Opens the configured keyring file.</summary>
internal static class KeyringAccess
{
    internal static Task<FileKeyring> OpenAsync(NodeConfiguration configuration, CancellationToken cancellationToken) =>
        FileKeyring.OpenAsync(Options(configuration), cancellationToken);

    internal static Task<FileKeyring> CreateAsync(NodeConfiguration configuration, CancellationToken cancellationToken) =>
        FileKeyring.CreateAsync(Options(configuration), cancellationToken);

    /// <summary>Checks that a keyring is named, in this program's words: the engine's speak to those who embed it.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>.</exception>
    internal static void Demand(NodeConfiguration configuration) => _ = PathOf(configuration);

    private static string PathOf(NodeConfiguration configuration) => configuration.Engine.Keyring.Path is { Length: > 0 } path
        ? path
        : throw ConfigurationErrors.Missing("kyberium.engine.keyring.path", "--keyring <path>");

    private static FileKeyringOptions Options(NodeConfiguration configuration) => new()
    {
        Path = PathOf(configuration),
        PassphraseFile = configuration.Engine.Keyring.PassphraseFile is { Length: > 0 } passphrase ? passphrase : null,
    };
}

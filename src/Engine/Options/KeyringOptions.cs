using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>Where the master keys lie. HOCON: <c>kyberium.engine.keyring</c>.</summary>
public sealed class KeyringOptions
{
    /// <summary>Gets or sets the keyring file. Empty when the engine is given a keyring in code. Default
    /// empty.</summary>
    /// <remarks>HOCON: <c>path</c>. Outside the data directory, or a copy of that could be read by whoever holds it.
    /// Only <c>kyberium keyring create</c> makes one.</remarks>
    public string Path { get; set; } = string.Empty;

    /// <summary>Gets or sets the file that holds the keyring's passphrase. Empty when it has none. Default
    /// empty.</summary>
    /// <remarks>HOCON: <c>passphrase-file</c>. A path that starts with <c>$CREDENTIALS_DIRECTORY/</c> names a systemd
    /// credential.</remarks>
    public string PassphraseFile { get; set; } = string.Empty;

    internal void Check(OptionProblems problems)
    {
        problems.IsPathOrEmpty(Path, "kyberium.engine.keyring.path");
        problems.IsPathOrEmpty(PassphraseFile, "kyberium.engine.keyring.passphrase-file");
        if (string.IsNullOrEmpty(Path) && !string.IsNullOrEmpty(PassphraseFile))
        {
            problems.Add(
                "kyberium.engine.keyring.passphrase-file", PassphraseFile, "must be empty while kyberium.engine.keyring.path is");
        }
    }

    internal KeyringSettings ToSettings() =>
        new(OptionPaths.Full(Path), PassphraseFile is { Length: > 0 } ? PassphraseFile : null);
}

namespace Kyberium.Engine;

/// <summary>Where a <see cref="FileKeyring"/> lies and what opens it.</summary>
public sealed class FileKeyringOptions
{
    /// <summary>The prefix of <see cref="PassphraseFile"/> that stands for the service manager's credentials folder.</summary>
    public const string CredentialsPrefix = "$CREDENTIALS_DIRECTORY/";

    /// <summary>Gets the keyring file's path. Keep it outside the data directory, so that a copy of that cannot be read.</summary>
    public required string Path { get; init; }

    /// <summary>Gets the path of the file that holds the passphrase, or <see langword="null"/>: the keys lie in the clear in a
    /// file that only its owner may read.</summary>
    /// <remarks>
    /// One line of 1 to 1,024 bytes; one line feed at the end is ignored. The file must be closed to group and others. A path
    /// that starts with <see cref="CredentialsPrefix"/> names a systemd credential (<c>LoadCredential=</c>), which may belong to
    /// root and a group.
    /// </remarks>
    public string? PassphraseFile { get; init; }

    /// <summary>Gets the passphrase itself where a person was asked for it: 1 to 1,024 secret bytes, copied nowhere; the caller
    /// zeroes them. Empty when there is none or <see cref="PassphraseFile"/> is set.</summary>
    public ReadOnlyMemory<byte> Passphrase { get; init; }

    /// <summary>Gets PBKDF2's iteration count for a keyring that is created. Default 600,000; 100,000 to 10,000,000.</summary>
    /// <remarks>An existing keyring keeps its own. At the default, opening takes a few tenths of a second.</remarks>
    public int PassphraseIterations { get; init; } = Keyring.PassphraseKey.IterationsDefault;

    /// <summary>Gets the folder that <see cref="CredentialsPrefix"/> stands for. Default: the variable of that name.</summary>
    public string? CredentialsDirectory { get; init; } = Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY");

    /// <summary>Gets the clock that dates new master keys.</summary>
#pragma warning disable RS0030 // The seam's default: whoever simulates gives another.
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
#pragma warning restore RS0030

    internal bool HasPassphrase => PassphraseFile is not null || !Passphrase.IsEmpty;
}

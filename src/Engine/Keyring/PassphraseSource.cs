using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Keyring;

/// <summary>Fetches the passphrase that <see cref="FileKeyringOptions"/> points at.</summary>
internal static class PassphraseSource
{
    internal const int SizeMax = 1_024;

    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringUnusable"/>: the file is missing, open to others,
    /// empty or too long.</exception>
    internal static async ValueTask<SecretBytes> ReadAsync(FileKeyringOptions options, CancellationToken cancellationToken)
    {
        if (options.PassphraseFile is not { } file)
        {
            return SecretBytes.CopyOf(options.Passphrase.Span);
        }

        var isCredential = file.StartsWith(FileKeyringOptions.CredentialsPrefix, StringComparison.Ordinal);
        var path = isCredential ? CredentialPath(options, file) : Path.GetFullPath(file);
        var content = isCredential
            ? await PrivateFile.ReadCredentialAsync(path, SizeMax + 2, cancellationToken).ConfigureAwait(false)
            : await PrivateFile.ReadAsync(path, SizeMax + 2, cancellationToken).ConfigureAwait(false);
        if (content is null)
        {
            throw KeyringErrors.PassphraseUnusable(path, "does not exist; put the keyring's passphrase there, mode 600");
        }

        try
        {
            var line = WithoutLineEnd(content);
            return line.Length is > 0 and <= SizeMax
                ? SecretBytes.CopyOf(line)
                : throw KeyringErrors.PassphraseUnusable(path, $"must hold one line of 1 to {SizeMax:N0} bytes");
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(content);
        }
    }

    private static string CredentialPath(FileKeyringOptions options, string file)
    {
        if (string.IsNullOrEmpty(options.CredentialsDirectory))
        {
            throw KeyringErrors.CredentialsDirectoryMissing(file);
        }

        var name = file[FileKeyringOptions.CredentialsPrefix.Length..];
        if (name.Length == 0 || name != Path.GetFileName(name) || name is "." or "..")
        {
            throw KeyringErrors.PassphraseUnusable(file, "must name one credential, without a further folder");
        }

        return Path.Join(options.CredentialsDirectory, name);
    }

    // Editors and `echo` end the line; the passphrase is what stands before.
    private static ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> content)
    {
        var line = content.EndsWith("\n"u8) ? content[..^1] : content;
        return line.Length < content.Length && line.EndsWith("\r"u8) ? line[..^1] : line;
    }
}

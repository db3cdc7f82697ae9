using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Keyring;

/// <summary>The key a passphrase gives, with what it takes to derive it again.</summary>
internal sealed class PassphraseKey : IDisposable
{
    internal const int SaltSize = 32;
    internal const int IterationsMin = 100_000;
    internal const int IterationsMax = 10_000_000;

    /// <summary>Three times what OWASP's password storage guide asks of PBKDF2-HMAC-SHA512: it is paid once per start.</summary>
    internal const int IterationsDefault = 600_000;

    private PassphraseKey(SecretBytes key, byte[] salt, int iterations)
    {
        Key = key;
        Salt = salt;
        Iterations = iterations;
    }

    internal SecretBytes Key { get; }

    /// <summary>Gets the 32 public bytes of salt.</summary>
    internal byte[] Salt { get; }

    internal int Iterations { get; }

    /// <summary>Derives with PBKDF2-HMAC-SHA512 (RFC 8018). Takes tenths of a second by design, on the caller's thread.</summary>
    internal static PassphraseKey Derive(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, int iterations)
    {
        Span<byte> key = stackalloc byte[MasterKey.Size];
        try
        {
            Rfc2898DeriveBytes.Pbkdf2(passphrase, salt, key, iterations, HashAlgorithmName.SHA512);
            return new PassphraseKey(SecretBytes.CopyOf(key), salt.ToArray(), iterations);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    public void Dispose() => Key.Dispose();

    public override string ToString() => $"passphrase key, {Iterations} iterations";
}

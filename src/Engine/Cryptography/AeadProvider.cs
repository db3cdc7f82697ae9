namespace Kyberium.Engine.Cryptography;

/// <summary>Makes keyed AES-256-GCM instances; which implementation is chosen by object.</summary>
internal abstract class AeadProvider
{
    /// <summary>Gets the provider over the platform's AES-GCM.</summary>
    internal static AeadProvider Platform { get; } = new PlatformAeadProvider();

    /// <summary>Gets a name for logs.</summary>
    internal abstract string Name { get; }

    /// <summary>Keys an instance.</summary>
    /// <param name="key">Exactly 32 secret bytes; they are copied, the caller zeroes its own.</param>
    /// <exception cref="ArgumentException">The key is not 32 bytes long (caller's bug).</exception>
    internal abstract AeadKey CreateKey(ReadOnlySpan<byte> key);

    private sealed class PlatformAeadProvider : AeadProvider
    {
        internal override string Name => "platform";

        internal override AeadKey CreateKey(ReadOnlySpan<byte> key) => new PlatformAeadKey(key);
    }
}

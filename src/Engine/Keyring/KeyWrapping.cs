namespace Kyberium.Engine.Keyring;

/// <summary>Wraps a key under a master key: <c>version8 ‖ master key id16 ‖ salt32 ‖ ciphertext ‖ tag16</c>.</summary>
/// <remarks>
/// Each wrap draws its own salt, and key and nonce both come from HKDF over it, so that no nonce counter has to be
/// stored or trusted. Source: HKDF, RFC 5869; AES-256-GCM, NIST SP 800-38D; layout, docs/formats/keyring.md section 2.
/// </remarks>
internal static class KeyWrapping
{
    internal const byte Version = 1;
    internal const int SaltSize = 32;
    internal const int KeySizeMin = 16;
    internal const int KeySizeMax = 64;
    internal const int ContextSizeMax = 256;

    private const int IdOffset = 1;
    private const int SaltOffset = IdOffset + MasterKeyId.Size;
    private const int HeaderSize = SaltOffset + SaltSize;
    private const int TagSize = SaltSealing.TagSize;

    private static ReadOnlySpan<byte> Purpose => "kyb1 wrap"u8;

    /// <summary>Wraps a key; deterministic in its arguments.</summary>
    /// <param name="master">The master key.</param>
    /// <param name="salt">Exactly 32 bytes, random, never used twice with this master key. Public.</param>
    /// <param name="key">16 to 64 bytes. Secret; the caller zeroes it.</param>
    /// <param name="context">At most 256 bytes. Public.</param>
    /// <exception cref="ArgumentException">A length is out of range (caller's bug).</exception>
    internal static byte[] Wrap(
        MasterKey master, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> key, ReadOnlySpan<byte> context)
    {
        if (key.Length is < KeySizeMin or > KeySizeMax)
        {
            throw new ArgumentException($"A key to wrap is {KeySizeMin} to {KeySizeMax} bytes.", nameof(key));
        }

        CheckContext(context);
        var wrapped = new byte[HeaderSize + key.Length + TagSize];
        wrapped[0] = Version;
        master.Id.Write(wrapped.AsSpan(IdOffset));
        salt.CopyTo(wrapped.AsSpan(SaltOffset, SaltSize));

        SaltSealing.Seal(
            master.Secret, salt, Purpose, AssociatedData(wrapped, context), key, wrapped.AsSpan(HeaderSize));
        return wrapped;
    }

    /// <summary>Reads which master key a wrapped key names.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringWrongKey"/>: not a wrapped key of this version.</exception>
    internal static MasterKeyId ReadMasterKeyId(ReadOnlySpan<byte> wrapped)
    {
        var keySize = wrapped.Length - HeaderSize - TagSize;
        return keySize is >= KeySizeMin and <= KeySizeMax && wrapped[0] == Version
            ? MasterKeyId.Read(wrapped[IdOffset..])
            : throw KeyringErrors.WrappedKeyMalformed(wrapped.Length);
    }

    /// <summary>Unwraps under the master key that <see cref="ReadMasterKeyId"/> named.</summary>
    /// <returns>The secret bytes; the caller zeroes them.</returns>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringWrongKey"/>: changed bytes, another key of the
    /// same id or another context.</exception>
    internal static byte[] Unwrap(MasterKey master, ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> context)
    {
        CheckContext(context);
        var key = GC.AllocateUninitializedArray<byte>(wrapped.Length - HeaderSize - TagSize);
        var opened = SaltSealing.TryOpen(
            master.Secret, wrapped.Slice(SaltOffset, SaltSize), Purpose, AssociatedData(wrapped, context),
            wrapped[HeaderSize..], key);
        return opened ? key : throw KeyringErrors.DoesNotUnwrap(master.Id);
    }

    private static void CheckContext(ReadOnlySpan<byte> context)
    {
        if (context.Length > ContextSizeMax)
        {
            throw new ArgumentException($"A context is at most {ContextSizeMax} bytes.", nameof(context));
        }
    }

    private static byte[] AssociatedData(ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> context) =>
        [.. wrapped[..HeaderSize], .. context];
}

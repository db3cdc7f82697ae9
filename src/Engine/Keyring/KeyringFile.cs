using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Keyring;

/// <summary>A keyring file's bytes. Layout: docs/formats/keyring.md section 3.</summary>
internal static class KeyringFile
{
    internal const byte Version = 1;
    internal const int SealSaltSize = 32;
    internal const int SizeMax = HeaderSize + (MasterKeySet.CountMax * EntrySize) + SaltSealing.TagSize + ChecksumSize;

    private const int VersionOffset = 8;
    private const int ProtectionOffset = 9;
    private const int CountOffset = 10;
    private const int IterationsOffset = 12;
    private const int PassphraseSaltOffset = 16;
    private const int SealSaltOffset = PassphraseSaltOffset + PassphraseKey.SaltSize;
    private const int HeaderSize = SealSaltOffset + SealSaltSize;
    private const int EntrySize = MasterKeyId.Size + sizeof(long) + MasterKey.Size;
    private const int ChecksumSize = SHA256.HashSizeInBytes;

    private static readonly long UnixMillisMax = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private static ReadOnlySpan<byte> Magic => "kyb1ring"u8;

    private static ReadOnlySpan<byte> Purpose => "kyb1 keyring file"u8;

    /// <summary>Encodes a keyring; sealed when <paramref name="protection"/> is given, otherwise with its keys in the clear.</summary>
    /// <param name="keys">1 to 1,024 keys, the current one first.</param>
    /// <param name="protection">The passphrase's key, or <see langword="null"/>.</param>
    /// <param name="sealSalt">32 random bytes, used once; all zero is written instead when there is no passphrase.</param>
    /// <returns>The file's bytes. Secret; the caller zeroes them.</returns>
    internal static byte[] Encode(MasterKeySet keys, PassphraseKey? protection, ReadOnlySpan<byte> sealSalt)
    {
        var bodySize = keys.Keys.Length * EntrySize;
        var tagSize = protection is null ? 0 : SaltSealing.TagSize;
        // Pinned, so that the collector leaves no copy of the keys behind.
        var file = GC.AllocateArray<byte>(HeaderSize + bodySize + tagSize + ChecksumSize, pinned: true);

        Magic.CopyTo(file);
        file[VersionOffset] = Version;
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(CountOffset), (ushort)keys.Keys.Length);
        var body = file.AsSpan(HeaderSize, bodySize);
        WriteEntries(keys, body);
        if (protection is not null)
        {
            file[ProtectionOffset] = 1;
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(IterationsOffset), protection.Iterations);
            protection.Salt.CopyTo(file.AsSpan(PassphraseSaltOffset));
            sealSalt.CopyTo(file.AsSpan(SealSaltOffset, SealSaltSize));
            SaltSealing.Seal(
                protection.Key, sealSalt, Purpose, file.AsSpan(0, HeaderSize), body,
                file.AsSpan(HeaderSize, bodySize + tagSize));
        }

        SHA256.HashData(file.AsSpan(..^ChecksumSize), file.AsSpan(^ChecksumSize..));
        return file;
    }

    /// <summary>Reads what must be known before a passphrase can be tried.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringUnusable"/>: not a keyring, a newer one, or damaged.</exception>
    internal static KeyringProtection ReadProtection(ReadOnlySpan<byte> file, string path)
    {
        if (file.Length < HeaderSize + EntrySize + ChecksumSize || !file.StartsWith(Magic))
        {
            throw KeyringErrors.NotAKeyring(path);
        }

        if (file[VersionOffset] != Version)
        {
            throw KeyringErrors.VersionUnsupported(path, file[VersionOffset]);
        }

        Span<byte> checksum = stackalloc byte[ChecksumSize];
        SHA256.HashData(file[..^ChecksumSize], checksum);
        if (!checksum.SequenceEqual(file[^ChecksumSize..]))
        {
            throw KeyringErrors.Damaged(path, "its checksum does not match");
        }

        var protectedByPassphrase = file[ProtectionOffset] == 1;
        var count = BinaryPrimitives.ReadUInt16BigEndian(file[CountOffset..]);
        var iterations = BinaryPrimitives.ReadInt32BigEndian(file[IterationsOffset..]);
        var expected = HeaderSize + (count * EntrySize) + (protectedByPassphrase ? SaltSealing.TagSize : 0) + ChecksumSize;
        var sound = file[ProtectionOffset] <= 1
            && count is > 0 and <= MasterKeySet.CountMax
            && file.Length == expected
            && (protectedByPassphrase
                ? iterations is >= PassphraseKey.IterationsMin and <= PassphraseKey.IterationsMax
                : iterations == 0 && !file[PassphraseSaltOffset..HeaderSize].ContainsAnyExcept((byte)0));
        if (!sound)
        {
            throw KeyringErrors.Damaged(path, "its header contradicts itself");
        }

        return new KeyringProtection(
            protectedByPassphrase, iterations, file.Slice(PassphraseSaltOffset, PassphraseKey.SaltSize).ToArray());
    }

    /// <summary>Reads the keys of a file that passed <see cref="ReadProtection"/>.</summary>
    /// <exception cref="EngineException">
    /// <see cref="EngineErrorCode.KeyringWrongKey"/>: the passphrase is another one;
    /// <see cref="EngineErrorCode.KeyringUnusable"/>: an entry is impossible.
    /// </exception>
    internal static MasterKeySet Decode(ReadOnlySpan<byte> file, PassphraseKey? protection, string path)
    {
        var bodySize = BinaryPrimitives.ReadUInt16BigEndian(file[CountOffset..]) * EntrySize;
        if (protection is null)
        {
            return ReadEntries(file.Slice(HeaderSize, bodySize), path);
        }

        var body = GC.AllocateUninitializedArray<byte>(bodySize, pinned: true);
        try
        {
            var opened = SaltSealing.TryOpen(
                protection.Key, file.Slice(SealSaltOffset, SealSaltSize), Purpose, file[..HeaderSize],
                file[HeaderSize..^ChecksumSize], body);
            return opened ? ReadEntries(body, path) : throw KeyringErrors.WrongPassphrase(path);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(body);
        }
    }

    private static void WriteEntries(MasterKeySet keys, Span<byte> body)
    {
        foreach (var key in keys.Keys)
        {
            key.Id.Write(body);
            BinaryPrimitives.WriteInt64BigEndian(body[MasterKeyId.Size..], key.CreatedAt.ToUnixTimeMilliseconds());
            key.Secret.Reveal().CopyTo(body[(MasterKeyId.Size + sizeof(long))..]);
            body = body[EntrySize..];
        }
    }

    private static MasterKeySet ReadEntries(ReadOnlySpan<byte> body, string path)
    {
        var seen = new HashSet<MasterKeyId>();
        for (var entry = body; !entry.IsEmpty; entry = entry[EntrySize..])
        {
            var millis = BinaryPrimitives.ReadInt64BigEndian(entry[MasterKeyId.Size..]);
            if (!seen.Add(MasterKeyId.Read(entry)) || millis < 0 || millis > UnixMillisMax)
            {
                throw KeyringErrors.Damaged(path, "two keys share an id, or a key's time is impossible");
            }
        }

        var keys = ImmutableArray.CreateBuilder<MasterKey>(seen.Count);
        for (var entry = body; !entry.IsEmpty; entry = entry[EntrySize..])
        {
            keys.Add(new MasterKey(
                MasterKeyId.Read(entry),
                DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(entry[MasterKeyId.Size..])),
                SecretBytes.CopyOf(entry.Slice(MasterKeyId.Size + sizeof(long), MasterKey.Size))));
        }

        return new MasterKeySet(keys.MoveToImmutable());
    }
}

/// <summary>How a keyring file is protected.</summary>
/// <param name="ByPassphrase">Whether its keys are sealed.</param>
/// <param name="Iterations">PBKDF2's count; 0 without a passphrase.</param>
/// <param name="Salt">PBKDF2's 32 bytes of salt, public; zeros without a passphrase.</param>
internal sealed record KeyringProtection(bool ByPassphrase, int Iterations, byte[] Salt)
{
    internal bool Matches(PassphraseKey? key) =>
        key is null ? !ByPassphrase : ByPassphrase && key.Iterations == Iterations && key.Salt.AsSpan().SequenceEqual(Salt);
}

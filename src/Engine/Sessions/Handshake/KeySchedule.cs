using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>From a handshake's outcome to an epoch's secrets. docs/formats/key-schedule.md.</summary>
internal static class KeySchedule
{
    private static readonly byte[] NoRoot = new byte[EpochSecrets.SecretSize];

    /// <summary>Makes epoch 0 and the session's id.</summary>
    internal static EpochSecrets Start(HandshakeOutcome outcome, out SessionId session) =>
        Derive(NoRoot, outcome.SplitKeys.Reveal(), outcome.HandshakeHash.Span, out session);

    /// <summary>Makes the epoch after <paramref name="current"/>, whose root stays until the caller erases it;
    /// <see langword="null"/> when the root was erased.</summary>
    internal static EpochSecrets? Next(EpochSecrets current, HandshakeOutcome outcome)
    {
        Span<byte> root = stackalloc byte[EpochSecrets.SecretSize];
        var next = current.TryCopyRoot(root)
            ? Derive(root, outcome.SplitKeys.Reveal(), outcome.HandshakeHash.Span, out _)
            : null;
        CryptographicOperations.ZeroMemory(root);
        return next;
    }

    private static EpochSecrets Derive(
        ReadOnlySpan<byte> previousRoot, ReadOnlySpan<byte> splitKeys, ReadOnlySpan<byte> handshakeHash, out SessionId session)
    {
        Span<byte> pseudorandomKey = stackalloc byte[EpochSecrets.SecretSize];
        Span<byte> sessionId = stackalloc byte[SessionId.Size];
        Hkdf.Extract(previousRoot, splitKeys, pseudorandomKey);
        Hkdf.ExpandLabel(pseudorandomKey, "session id"u8, handshakeHash, sessionId);
        session = SessionId.Read(sessionId);
        var secrets = Expand(pseudorandomKey, handshakeHash);
        CryptographicOperations.ZeroMemory(pseudorandomKey);
        return secrets;
    }

    private static EpochSecrets Expand(ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> hash)
    {
        Span<byte> block = stackalloc byte[EpochSecrets.Size];
        Hkdf.ExpandLabel(pseudorandomKey, "root"u8, hash, block[..64]);
        Hkdf.ExpandLabel(pseudorandomKey, "i2r"u8, hash, block.Slice(64, 64));
        Hkdf.ExpandLabel(pseudorandomKey, "r2i"u8, hash, block.Slice(128, 64));
        Hkdf.ExpandLabel(pseudorandomKey, "exporter"u8, hash, block.Slice(192, 64));
        var secrets = EpochSecrets.Restore(block);
        CryptographicOperations.ZeroMemory(block);
        return secrets;
    }
}

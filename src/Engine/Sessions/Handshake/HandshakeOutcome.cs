using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>What a completed handshake gives; input of <see cref="KeySchedule"/>. The owner disposes it.</summary>
internal sealed class HandshakeOutcome : IDisposable
{
    private readonly byte[] _handshakeHash;

    private HandshakeOutcome(byte[] handshakeHash, SecretBytes splitKeys)
    {
        _handshakeHash = handshakeHash;
        SplitKeys = splitKeys;
    }

    /// <summary>Gets the 64-byte hash of the whole handshake; public, equal on both sides, unique to this handshake.</summary>
    internal ReadOnlyMemory<byte> HandshakeHash => _handshakeHash;

    /// <summary>Gets k1 ‖ k2, 64 bytes.</summary>
    internal SecretBytes SplitKeys { get; }

    internal static HandshakeOutcome Of(SymmetricState finished) =>
        new(finished.HandshakeHash.ToArray(), finished.Split());

    /// <summary>Rebuilds an outcome from its parts, which are copied.</summary>
    internal static HandshakeOutcome Of(ReadOnlySpan<byte> handshakeHash, ReadOnlySpan<byte> splitKeys)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(handshakeHash.Length, SymmetricState.HashSize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(splitKeys.Length, SymmetricState.SplitSize);
        return new HandshakeOutcome(handshakeHash.ToArray(), SecretBytes.CopyOf(splitKeys));
    }

    public void Dispose() => SplitKeys.Dispose();
}

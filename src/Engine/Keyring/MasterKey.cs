using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Keyring;

/// <summary>One master key. It only ever feeds HKDF, so any number of wraps may share it.</summary>
internal sealed class MasterKey(MasterKeyId id, DateTimeOffset createdAt, SecretBytes secret) : IDisposable
{
    internal const int Size = 32;

    internal MasterKeyId Id { get; } = id;

    /// <summary>Gets when it was made, to the millisecond.</summary>
    internal DateTimeOffset CreatedAt { get; } = createdAt;

    internal SecretBytes Secret { get; } = secret;

    /// <summary>Draws a key and its id from the platform's generator.</summary>
    internal static MasterKey Draw(DateTimeOffset now) => new(
        new MasterKeyId(RandomId()),
        DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()),
        SecretBytes.Create(Size, 0, static (bytes, _) => SystemEntropy.Instance.Fill(bytes)));

    /// <summary>Derives bytes for one purpose: HKDF-SHA512 (RFC 5869) with this key as input keying material.</summary>
    internal void Derive(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> purpose, Span<byte> output) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA512, Secret.Reveal(), output, salt, purpose);

    public void Dispose() => Secret.Dispose();

    public override string ToString() => $"master key {Id}";

    private static UInt128 RandomId()
    {
        Span<byte> bytes = stackalloc byte[MasterKeyId.Size];
        SystemEntropy.Instance.Fill(bytes);
        return MasterKeyId.Read(bytes).Value;
    }
}

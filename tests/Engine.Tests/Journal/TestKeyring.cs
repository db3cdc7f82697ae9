using System.Security.Cryptography;

namespace Kyberium.Engine.Tests.Journal;

/// <summary>A keyring whose master key comes from a number, so that tests can have the right one and a wrong one.</summary>
internal sealed class TestKeyring(byte seed) : IKeyring
{
    private readonly byte[] _master = [.. Enumerable.Repeat(seed, 32)];

    internal int UnwrapCount { get; private set; }

    public string Description => "test keyring";

    public ValueTask<ReadOnlyMemory<byte>> WrapAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default)
    {
        using var aead = new AesGcm(_master, 16);
        var wrapped = new byte[12 + key.Length + 16];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, 12));
        aead.Encrypt(wrapped.AsSpan(0, 12), key.Span, wrapped.AsSpan(12, key.Length), wrapped.AsSpan(12 + key.Length), context.Span);
        return new(wrapped);
    }

    public ValueTask<byte[]> UnwrapAsync(
        ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default)
    {
        UnwrapCount++;
        using var aead = new AesGcm(_master, 16);
        var key = new byte[wrapped.Length - 28];
        try
        {
            aead.Decrypt(wrapped.Span[..12], wrapped.Span[12..^16], wrapped.Span[^16..], key, context.Span);
            return new(key);
        }
        catch (AuthenticationTagMismatchException cause)
        {
            throw new EngineException(EngineErrorCode.KeyringWrongKey, "wrong key or context", cause);
        }
    }

    public ValueTask<IReadOnlyList<ShardWitness>> ReadWitnessesAsync(
        ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default) => new([]);

    public ValueTask WriteWitnessesAsync(
        ReadOnlyMemory<byte> storeId, IReadOnlyList<ShardWitness> witnesses, CancellationToken cancellationToken = default) => default;

    public ValueTask DisposeAsync() => default;
}

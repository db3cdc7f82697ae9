using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography;

/// <summary>Secret bytes that are zeroed on disposal, never printed and never compared with <c>==</c>.</summary>
/// <remarks>
/// The array is allocated pinned, so the garbage collector leaves no copies of it behind. Not thread-safe against its
/// own disposal: the owner disposes after its last use.
/// </remarks>
internal sealed class SecretBytes : IDisposable
{
    private readonly byte[] _bytes;
    private bool _disposed;

    private SecretBytes(int length) => _bytes = GC.AllocateUninitializedArray<byte>(length, pinned: true);

    internal int Length => _bytes.Length;

    /// <summary>Copies <paramref name="source"/>; the caller zeroes its own.</summary>
    internal static SecretBytes CopyOf(ReadOnlySpan<byte> source)
    {
        var secret = new SecretBytes(source.Length);
        source.CopyTo(secret._bytes);
        SecretObservation.See(source);
        return secret;
    }

    /// <summary>Makes a secret of <paramref name="length"/> bytes by letting <paramref name="fill"/> write all of them.</summary>
    internal static SecretBytes Create<TState>(int length, TState state, System.Buffers.SpanAction<byte, TState> fill)
    {
        var secret = new SecretBytes(length);
        fill(secret._bytes, state);
        SecretObservation.See(secret._bytes);
        return secret;
    }

    /// <summary>Gives the bytes to the code that computes with them. The name is meant to be searched for.</summary>
    internal ReadOnlySpan<byte> Reveal()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _bytes;
    }

    /// <summary>Compares in time that depends on the lengths only.</summary>
    internal bool FixedTimeEquals(SecretBytes other) => CryptographicOperations.FixedTimeEquals(Reveal(), other.Reveal());

    /// <summary>Zeroes a part in place; the rest stays, also for those who read it meanwhile.</summary>
    internal void Erase(int start, int length) => CryptographicOperations.ZeroMemory(_bytes.AsSpan(start, length));

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_bytes);
    }

    public override string ToString() => $"secret of {_bytes.Length} bytes";
}

using System.Buffers;

namespace Kyberium.Engine.Cluster.Framing;

/// <summary>Memory that received bytes lie in, shared by the payloads among them.</summary>
/// <remarks>A counted block goes back to the shared pool, cleared, when its last payload was released. An uncounted one is the collector's: for
/// payloads whose holder cannot be asked to release them.</remarks>
internal sealed class ReceiveBlock
{
    /// <summary>Below the size at which the collector treats an array as a large object.</summary>
    internal const int Size = 80 << 10;

    private readonly bool _isCounted;
    private int _holders = 1;

    internal ReceiveBlock(bool isCounted)
    {
        _isCounted = isCounted;
        Bytes = isCounted ? ArrayPool<byte>.Shared.Rent(Size) : GC.AllocateUninitializedArray<byte>(Size);
    }

    internal byte[] Bytes { get; private set; }

    /// <summary>Gets whether only its first holder is left.</summary>
    internal bool IsUnshared => _isCounted && Volatile.Read(ref _holders) == 1;

    internal void Retain() => Interlocked.Increment(ref _holders);

    internal void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0 && _isCounted)
        {
            ArrayPool<byte>.Shared.Return(Bytes, clearArray: true);
            Bytes = [];
        }
    }
}

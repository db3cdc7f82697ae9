using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Kyberium.Engine.Cluster.Serving;

/// <summary>Memory of the listener's connections, in blocks that hold more than one TLS record.</summary>
/// <remarks>The server reads a socket, and writes TLS records, block by block. Its own blocks hold 4 KiB, so that a batch of requests would take five system calls
/// in and five records out. Blocks are pinned, since sockets read into them; few are kept, since a node has few callers.</remarks>
internal sealed class WideBlockPool : MemoryPool<byte>
{
    /// <summary>Two records of TLS, the longest that the server's frames come in, and below what the collector takes for a large object.</summary>
    internal const int BlockSize = 32 << 10;

    private const int KeptCountMax = 64;

    private readonly ConcurrentQueue<byte[]> _kept = new();
    private int _keptCount;

    /// <inheritdoc/>
    public override int MaxBufferSize => BlockSize;

    internal int KeptCount => Volatile.Read(ref _keptCount);

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockSize);
        if (_kept.TryDequeue(out var bytes))
        {
            Interlocked.Decrement(ref _keptCount);
        }

        return new Block(this, bytes ?? GC.AllocateUninitializedArray<byte>(BlockSize, pinned: true));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // Blocks that are out yet are the collector's when they come back: connections may end after the listener.
    }

    private void Return(byte[] bytes)
    {
        if (Interlocked.Increment(ref _keptCount) <= KeptCountMax)
        {
            _kept.Enqueue(bytes);
        }
        else
        {
            Interlocked.Decrement(ref _keptCount);
        }
    }

    private sealed class Block(WideBlockPool pool, byte[] bytes) : IMemoryOwner<byte>
    {
        private byte[]? _bytes = bytes;

        public Memory<byte> Memory => _bytes ?? throw new ObjectDisposedException(nameof(WideBlockPool));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _bytes, null) is { } held)
            {
                pool.Return(held);
            }
        }
    }
}

/// <summary>Gives the listener its memory.</summary>
internal sealed class WideBlockPools : IMemoryPoolFactory<byte>
{
    /// <inheritdoc/>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new WideBlockPool();
}

namespace Kyberium.Engine.Pipelines;

/// <summary>Cuts results from larger arrays: one allocation for many. What was cut is the consumer's for good.</summary>
internal sealed class SharedBuffer
{
    /// <summary>Below the size from which the runtime keeps arrays in a heap that it rarely collects.</summary>
    private const int ArraySize = 64 << 10;

    private byte[] _array = [];
    private int _used;

    /// <summary>Gives room for <paramref name="size"/> bytes; the next call gives the same unless <see cref="Keep"/> came between.</summary>
    internal Memory<byte> Room(int size)
    {
        if (size > _array.Length - _used)
        {
            if (size > ArraySize / 4)
            {
                return GC.AllocateUninitializedArray<byte>(size);       // alone: what is left of the shared one serves the next
            }

            _array = GC.AllocateUninitializedArray<byte>(ArraySize);
            _used = 0;
        }

        return _array.AsMemory(_used, size);
    }

    /// <summary>Cuts off the first bytes of what <see cref="Room"/> gave.</summary>
    internal ReadOnlyMemory<byte> Keep(Memory<byte> room, int written)
    {
        if (System.Runtime.InteropServices.MemoryMarshal.TryGetArray<byte>(room, out var segment) && segment.Array == _array)
        {
            _used += written;
        }

        return room[..written];
    }
}

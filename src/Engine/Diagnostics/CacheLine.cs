using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Kyberium.Engine.Diagnostics;

/// <summary>Asks the processor for memory ahead of its use. A hint: it never waits, never fails and changes nothing.</summary>
/// <remarks>
/// An address is all that counts. An object that the collector moves between taking its address and the hint costs a line fetched
/// for nothing, and nothing is read there. Without the instruction nothing happens.
/// </remarks>
internal static unsafe class CacheLine
{
    internal const int Size = 64;

    /// <summary>Fetches the line of a place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Fetch(ref readonly byte place)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in place)));
        }
    }

    /// <summary>Fetches the first lines of an object without reading a field of it, which would wait.</summary>
    /// <param name="item">The object.</param>
    /// <param name="size">About how many bytes of it are needed.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Fetch(object item, int size)
    {
        if (Sse.IsSupported)
        {
            var address = *(nint*)Unsafe.AsPointer(ref item);
            for (var at = 0; at < size; at += Size)
            {
                Sse.Prefetch0((void*)(address + at));
            }

            Sse.Prefetch0((void*)(address + size - 1));     // objects begin anywhere in a line
        }
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kyberium.Fuzzing.Instrumentation;

/// <summary>Where instrumented code says which block it entered: a map of hit counts of the ways from block to block.</summary>
/// <remarks>The layout is AFL's (AFL++, docs/technical_details.md): <c>map[block ^ (previous &gt;&gt; 1)]++</c>. Targets run on one thread.</remarks>
public static unsafe class Coverage
{
    /// <summary>The size of AFL's map unless it is told another.</summary>
    public const int MapSize = 1 << 16;

    private static byte* _map = (byte*)NativeMemory.AllocZeroed(MapSize);
    private static int _previous;
    private static readonly bool[] Seen = new bool[MapSize];

    /// <summary>Counts the way from the last block to this one. Instrumented code calls it.</summary>
    /// <param name="block">Less than <see cref="MapSize"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Enter(int block)
    {
        _map[block ^ _previous]++;
        _previous = block >> 1;
    }

    /// <summary>Counts in shared memory from now on.</summary>
    internal static void Use(nint map) => _map = (byte*)map;

    /// <summary>Forgets the last block: a new input begins.</summary>
    internal static void Restart() => _previous = 0;

    /// <summary>Runs something and says whether it took a way that nothing took before, at the map's own coarse counts.</summary>
    internal static bool AddsWays(Action run)
    {
        var map = new Span<byte>(_map, MapSize);
        map.Clear();
        Restart();
        run();
        var adds = false;
        for (var i = 0; i < MapSize; i++)
        {
            adds |= map[i] != 0 && !Seen[i];
            Seen[i] |= map[i] != 0;
        }

        return adds;
    }

    /// <summary>Gets how many ways were taken since the map was last cleared, and clears it.</summary>
    internal static int TakeWays()
    {
        var map = new Span<byte>(_map, MapSize);
        var ways = MapSize - map.Count((byte)0);
        map.Clear();
        return ways;
    }
}

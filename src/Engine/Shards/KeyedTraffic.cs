using System.Collections.Concurrent;

namespace Kyberium.Engine.Shards;

/// <summary>Bounds how many epochs have keyed ciphers at once: each costs native memory, and deriving one again is cheap.</summary>
/// <remarks>A clock: an epoch used since the hand last passed is spared. Never called under an epoch's lock.</remarks>
internal sealed class KeyedTraffic(int countMax)
{
    private const int TriesMax = 16;

    private readonly ConcurrentQueue<EpochTraffic> _keyed = new();
    private int _count;

    /// <summary>Gets how many epochs are keyed, or were when last looked at.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Notes that an epoch was used.</summary>
    internal void Used(EpochTraffic traffic)
    {
        if (!traffic.IsRecentlyUsed)
        {
            traffic.IsRecentlyUsed = true;
        }

        if (Volatile.Read(ref traffic.KeyedSlot) != 0 || Interlocked.Exchange(ref traffic.KeyedSlot, 1) != 0)
        {
            return;
        }

        _keyed.Enqueue(traffic);
        if (Interlocked.Increment(ref _count) > countMax)
        {
            ReleaseOne();
        }
    }

    private void ReleaseOne()
    {
        for (var tried = 0; _keyed.TryDequeue(out var candidate); tried++)
        {
            if (candidate.IsRecentlyUsed && tried < TriesMax)
            {
                candidate.IsRecentlyUsed = false;
                _keyed.Enqueue(candidate);
                continue;
            }

            Volatile.Write(ref candidate.KeyedSlot, 0);
            Interlocked.Decrement(ref _count);
            candidate.ReleaseKeys();
            return;
        }
    }
}

using Kyberium.Engine.Sessions.Traffic;

namespace Kyberium.Engine.Shards;

/// <summary>What a shard counts; read by the engine's meter.</summary>
internal sealed class ShardMetrics
{
    private readonly long[] _opened = new long[Enum.GetValues<OpenOutcome>().Length];
    private long _commits;
    private long _works;

    internal long Commits => Volatile.Read(ref _commits);

    internal long Works => Volatile.Read(ref _works);

    internal long OpenedAs(OpenOutcome outcome) => Volatile.Read(ref _opened[(int)outcome]);

    internal void Opened(OpenOutcome outcome) => Interlocked.Increment(ref _opened[(int)outcome]);

    internal void Performed(int works)
    {
        Interlocked.Increment(ref _commits);
        Interlocked.Add(ref _works, works);
    }
}

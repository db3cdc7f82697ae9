namespace Kyberium.Engine.Shards;

/// <summary>A checkpoint under way: whose snapshots are still to be written, and where the log is cut off after the last of them.</summary>
internal sealed class Checkpoint(LogPosition through, byte[] tag, IEnumerable<ResidentPeer> peers, bool isLast)
{
    internal LogPosition Through { get; } = through;

    /// <summary>Gets the tag of the record at <see cref="Through"/>: what remains of the log is chained to it.</summary>
    internal byte[] Tag { get; } = tag;

    /// <summary>Gets whether it ends this owner's stay: all traffic is closed, and exact windows go along.</summary>
    internal bool IsLast { get; } = isLast;

    internal Stack<ResidentPeer> Remaining { get; } = new(peers);

    internal List<TaskCompletionSource> Waiting { get; } = [];

    internal void Fail(EngineException reason) => Waiting.ForEach(waiter => waiter.TrySetException(reason));
}

using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>Tells the peers in memory when something of theirs is due: one timer, set to the earliest of their deadlines.</summary>
/// <remarks>Belongs to the turn, but for <see cref="Close"/>.</remarks>
internal sealed class PeerTicks(Shard shard, EngineScheduler scheduler, int countPerTurnMax) : IDisposable
{
    private const int StaleMin = 64;

    private readonly PriorityQueue<ResidentPeer, long> _deadlines = new();
    private ITimer? _timer;
    private MonotonicMillis _dueAt = MonotonicMillis.Never;
    private volatile bool _closed;

    /// <summary>Looks at a peer's deadline, which is noted if it is earlier than the one that was.</summary>
    internal void Schedule(ResidentPeer peer)
    {
        var deadline = peer.Machine.Deadline;
        if (deadline == MonotonicMillis.Never || deadline.Value >= peer.ScheduledAt.Value)
        {
            return;
        }

        peer.ScheduledAt = deadline;
        _deadlines.Enqueue(peer, deadline.Value);
        if (_deadlines.Count > (2 * shard.ResidentCount) + StaleMin)
        {
            DropStale();
        }

        Arm();
    }

    /// <summary>Sets no timer any more; from any thread.</summary>
    internal void Close() => _closed = true;

    public void Dispose() => _timer?.Dispose();

    /// <summary>Each earlier deadline leaves the later one behind in the queue, a day away at times: they are dropped in bulk.</summary>
    private void DropStale()
    {
        var live = _deadlines.UnorderedItems
            .Where(item => item.Priority == item.Element.ScheduledAt.Value && shard.FindResident(item.Element.Key) == item.Element)
            .Distinct().ToList();
        _deadlines.Clear();
        _deadlines.EnqueueRange(live);
    }

    private void Arm()
    {
        if (!_deadlines.TryPeek(out _, out var next) || next >= _dueAt.Value || _closed)
        {
            return;
        }

        _dueAt = new MonotonicMillis(next);
        var wait = TimeSpan.FromMilliseconds(Math.Clamp(next - scheduler.MonotonicMillis, 0, int.MaxValue / 2));
        if (_timer is null)
        {
            _timer = scheduler.Time.CreateTimer(static ticks => ((PeerTicks)ticks!).PostDue(), this, wait, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private void PostDue() => shard.PostInternal(new TurnWork(TickDue));

    private void TickDue(ShardTurn turn)
    {
        _dueAt = MonotonicMillis.Never;
        for (var ticked = 0; ticked < countPerTurnMax && _deadlines.TryPeek(out var peer, out var due) && due <= turn.Input.Now.Value; ticked++)
        {
            _deadlines.Dequeue();
            if (due != peer.ScheduledAt.Value || shard.FindResident(peer.Key) != peer)
            {
                continue;       // an entry that an earlier deadline replaced, or of a peer that left
            }

            peer.ScheduledAt = MonotonicMillis.Never;
            if (peer.Machine.Deadline.Value <= turn.Input.Now.Value)
            {
                turn.Decide(peer, new PeerCommand.Tick(), default);
            }
            else
            {
                Schedule(peer);
            }
        }

        Arm();
    }
}

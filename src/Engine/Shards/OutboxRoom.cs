using System.Collections.Concurrent;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>Those who met a full outbox, and wait in line for room in it.</summary>
/// <remarks>Thread-safe. As many are called as messages left the outbox, so that those who wait cost nothing meanwhile and do not all try at once. Room may also come about
/// unseen, with a new stream, a recovered shard or at another node: the first in line tries every <see cref="TryInterval"/>.</remarks>
internal sealed class OutboxRoom(EngineScheduler scheduler)
{
    private const int MarkCount = 256;

    private static readonly TimeSpan TryInterval = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<PeerKey, Line> _lines = new();
    private readonly long[] _marks = new long[MarkCount];
    private volatile bool _isClosed;

    /// <summary>Gets whether somebody waits: who comes later does not try before them.</summary>
    internal bool IsWaitedFor(in PeerKey peer) => _lines.ContainsKey(peer);

    /// <summary>Says where things stand in the peer's shard. Taken before a try, so that room made during it is not missed.</summary>
    internal long Mark(int shard) => Volatile.Read(ref _marks[shard % MarkCount]);

    /// <summary>Waits until it is this one's turn to try.</summary>
    /// <param name="peer">Whose outbox.</param>
    /// <param name="shard">The peer's shard.</param>
    /// <param name="mark">What <see cref="Mark"/> gave before the try that found no room.</param>
    /// <param name="waited">Whether this one has waited before: it goes to the head of the line.</param>
    /// <param name="cancellationToken">Leaves the line.</param>
    internal async Task WaitAsync(PeerKey peer, int shard, long mark, bool waited, CancellationToken cancellationToken)
    {
        var turn = new TaskCompletionSource(scheduler.Completion);
        Line line;
        LinkedListNode<TaskCompletionSource>? place;
        while ((place = (line = _lines.GetOrAdd(peer, static (peer, room) => new Line(room, peer), this)).Join(turn, waited)) is null)
        {
            // The line ran empty and left between finding and joining it.
        }

        if (_isClosed || mark != Mark(shard))
        {
            line.Leave(place);
            cancellationToken.ThrowIfCancellationRequested();
            return;
        }

        using var cancelled = cancellationToken.UnsafeRegister(
            static (turn, token) => ((TaskCompletionSource)turn!).TrySetCanceled(token), turn);
        try
        {
            await turn.Task.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            line.Leave(place);
            throw;
        }
    }

    /// <summary>Room was made for so many.</summary>
    internal void Made(PeerKey peer, int shard, int count)
    {
        Interlocked.Increment(ref _marks[shard % MarkCount]);
        if (_lines.TryGetValue(peer, out var line))
        {
            line.Call(count);
        }
    }

    /// <summary>Somebody who was called did not take the room: the next one is.</summary>
    internal void PassOn(PeerKey peer)
    {
        if (_lines.TryGetValue(peer, out var line))
        {
            line.Call(1);
        }
    }

    /// <summary>Calls everybody, and lets nobody wait from now on.</summary>
    internal void Close()
    {
        _isClosed = true;
        foreach (var line in _lines.Values)
        {
            line.Call(int.MaxValue);
        }
    }

    private EngineScheduler Scheduler => scheduler;

    /// <summary>Who waits for one peer's outbox. It leaves its table with the last of them.</summary>
    private sealed class Line
    {
        private readonly OutboxRoom _room;
        private readonly PeerKey _peer;
        private readonly LinkedList<TaskCompletionSource> _waiting = new();
        private readonly ITimer _timer;
        private bool _isGone;

        internal Line(OutboxRoom room, PeerKey peer)
        {
            (_room, _peer) = (room, peer);
            _timer = room.Scheduler.Time.CreateTimer(static line => ((Line)line!).Call(1), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        internal LinkedListNode<TaskCompletionSource>? Join(TaskCompletionSource turn, bool first)
        {
            lock (_waiting)
            {
                if (_isGone)
                {
                    return null;
                }

                if (_waiting.Count == 0)
                {
                    _timer.Change(TryInterval, TryInterval);
                }

                return first ? _waiting.AddFirst(turn) : _waiting.AddLast(turn);
            }
        }

        internal void Leave(LinkedListNode<TaskCompletionSource> place)
        {
            lock (_waiting)
            {
                if (place.List is not null)
                {
                    _waiting.Remove(place);
                    EndIfEmpty();
                }
            }
        }

        internal void Call(int count)
        {
            List<TaskCompletionSource> called = [];
            lock (_waiting)
            {
                for (; count > 0 && _waiting.First is { } first; count--)
                {
                    _waiting.RemoveFirst();
                    called.Add(first.Value);
                }

                EndIfEmpty();
            }

            foreach (var turn in called)
            {
                if (!turn.TrySetResult())
                {
                    Call(1);        // it was cancelled at the same moment
                }
            }
        }

        // Under the lock.
        private void EndIfEmpty()
        {
            if (_waiting.Count == 0 && !_isGone)
            {
                _isGone = true;
                _timer.Dispose();
                _room._lines.TryRemove(new KeyValuePair<PeerKey, Line>(_peer, this));
            }
        }
    }
}

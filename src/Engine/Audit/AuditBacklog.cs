using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Audit;

/// <summary>The audit events of one shard that the sink has not taken yet: handed on in order, each at least once, across crashes.</summary>
/// <remarks>
/// <para>An event stays in the shard's journal until it was taken: in the log's tail, or in a row once a checkpoint cuts the log. A new owner hands on
/// again what it finds in either. A sink that fails is tried again for as long as it takes (decision 0010).</para>
/// <para>Bounded: at <see cref="CountMax"/> further events are counted as dropped; the log has them still. Thread-safe.</para>
/// </remarks>
internal sealed class AuditBacklog : IAsyncDisposable
{
    /// <summary>How many events of a shard wait at most: at about 300 bytes, 2.5 MB.</summary>
    internal const int CountMax = 8_192;

    private const int RetryMillisMin = 100;
    private const int RetryMillisMax = 30_000;

    private readonly AuditTrail _trail;
    private readonly EngineScheduler _scheduler;
    private readonly SerialLane _lane;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Queue<Entry> _waiting = new();
    private readonly List<AuditEvent> _takenWithRow = [];
    private LogPosition _durable;
    private TaskCompletionSource? _drained;
    private bool _isHandingOn;
    private bool _isFailing;
    private bool _isFull;
    private long _dropped;

    /// <summary>Begins with what the last owner left.</summary>
    /// <param name="trail">Where the sink is.</param>
    /// <param name="scheduler">Runs the handing on.</param>
    /// <param name="end">The end of the log: all that was found is durable.</param>
    /// <param name="left">What was found, in order, and whether it lies in a row.</param>
    internal AuditBacklog(
        AuditTrail trail, EngineScheduler scheduler, LogPosition end, IEnumerable<(AuditEvent Event, bool HasRow)> left)
    {
        _trail = trail;
        _scheduler = scheduler;
        _lane = new SerialLane(scheduler);
        _durable = end;
        foreach (var (auditEvent, hasRow) in left)
        {
            Add(new Entry(auditEvent) { HasRow = hasRow });
        }

        Durable(end);
    }

    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Gets how many events found no room.</summary>
    internal long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Takes an event on its way to the journal; it is handed on once it is durable.</summary>
    internal void Stage(AuditEvent auditEvent)
    {
        lock (_lock)
        {
            Add(new Entry(auditEvent));
        }
    }

    /// <summary>Says how far the journal has come.</summary>
    internal void Durable(LogPosition through)
    {
        lock (_lock)
        {
            _durable = through;
            if (_isHandingOn || !IsReady(out _))
            {
                return;
            }

            _isHandingOn = true;
        }

        _lane.Enqueue(HandOnAsync);
    }

    /// <summary>Tells a checkpoint, for the records that it cuts off, which events need a row now, and whose rows have done their service.</summary>
    internal (List<AuditEvent> ToStore, List<AuditEvent> ToDelete) Cut(LogPosition through)
    {
        lock (_lock)
        {
            var toStore = new List<AuditEvent>();
            foreach (var entry in _waiting)
            {
                if (!entry.HasRow && entry.Event.Position.Value <= through.Value)
                {
                    entry.HasRow = true;
                    toStore.Add(entry.Event);
                }
            }

            var toDelete = new List<AuditEvent>(_takenWithRow);
            _takenWithRow.Clear();
            return (toStore, toDelete);
        }
    }

    /// <summary>Completes when the sink has taken everything durable, or is failing: what it has not taken stays in the journal.</summary>
    internal Task DrainAsync()
    {
        lock (_lock)
        {
            if (!_isHandingOn || _isFailing)
            {
                return Task.CompletedTask;
            }

            return (_drained ??= new TaskCompletionSource(_scheduler.Completion)).Task;
        }
    }

    /// <summary>Waits as <see cref="DrainAsync"/> does, but not for a sink that does not answer: the next owner goes on.</summary>
    internal async Task StopAsync()
    {
        try
        {
            await DrainAsync().WaitAsync(AuditTrail.StopWaitMax, _scheduler.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            EndHandingOn();
        }
    }

    public async ValueTask DisposeAsync()
    {
        EndHandingOn();
        await _lane.DrainAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private void EndHandingOn() => _stopping.Cancel();      // in place: CancelAsync would use the pool

    private void Add(Entry entry)
    {
        if (_waiting.Count < CountMax)
        {
            _isFull = false;
            _waiting.Enqueue(entry);
            return;
        }

        _dropped++;
        if (!_isFull)
        {
            _isFull = true;
            _trail.Full(entry.Event.Shard);
        }

        if (entry.HasRow)
        {
            _takenWithRow.Add(entry.Event);
        }
    }

    private bool IsReady(out Entry next) => _waiting.TryPeek(out next!) && next.Event.Position.Value <= _durable.Value;

    private async Task HandOnAsync()
    {
        try
        {
            for (var wait = RetryMillisMin; TryNext(out var next);)
            {
                if (await _trail.TryHandOnAsync(next.Event, isRepeated: _isFailing, _stopping.Token).ConfigureAwait(false))
                {
                    Taken(next);
                    wait = RetryMillisMin;
                    continue;
                }

                Failing();
                await _scheduler.DelayAsync(TimeSpan.FromMilliseconds(wait), _stopping.Token).ConfigureAwait(false);
                wait = Math.Min(RetryMillisMax, wait * 2);
            }
        }
        catch (OperationCanceledException)
        {
            Failing();      // the shard ends: the next owner goes on
        }
    }

    private bool TryNext(out Entry next)
    {
        lock (_lock)
        {
            _stopping.Token.ThrowIfCancellationRequested();
            if (IsReady(out next))
            {
                return true;
            }

            _isHandingOn = false;
            _drained?.TrySetResult();
            _drained = null;
            return false;
        }
    }

    private void Taken(Entry entry)
    {
        lock (_lock)
        {
            Invariant.Holds(_waiting.Dequeue() == entry, "events are handed on in order");
            _isFailing = false;
            if (entry.HasRow)
            {
                _takenWithRow.Add(entry.Event);
            }
        }
    }

    private void Failing()
    {
        lock (_lock)
        {
            _isFailing = true;
            _drained?.TrySetResult();
            _drained = null;
        }
    }

    private sealed class Entry(AuditEvent auditEvent)
    {
        internal AuditEvent Event => auditEvent;

        internal bool HasRow { get; set; }
    }
}

namespace Kyberium.Engine.Shards;

/// <summary>A shard's bounded queue. Waiting for room in it is the engine's backpressure: in order, and never on a thread that
/// the scheduler did not give.</summary>
/// <remarks>Thread-safe. <see cref="System.Threading.Channels.Channel"/> wakes waiting writers on the thread pool, whatever it is told.</remarks>
/// <param name="countMax">Works in it at most.</param>
/// <param name="bytesMax">Bytes of callers and peers in it at most; one work alone may be larger.</param>
/// <param name="completion">How those who wait go on.</param>
internal sealed class Mailbox(int countMax, long bytesMax, TaskCreationOptions completion)
{
    private readonly Lock _lock = new();
    private readonly Queue<ShardWork> _works = new();
    private readonly LinkedList<Waiter> _waiting = new();
    private long _bytes;
    private bool _completed;

    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _works.Count;
            }
        }
    }

    /// <summary>Adds work, waiting for room and behind whoever waits already.</summary>
    /// <returns><see langword="false"/> when the mailbox was completed first.</returns>
    internal ValueTask<bool> WriteAsync(ShardWork work, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (_completed)
            {
                return new(false);
            }

            if (_waiting.Count == 0 && HasRoomFor(work))
            {
                Add(work);
                return new(true);
            }

            cancellationToken.ThrowIfCancellationRequested();
            waiter = new Waiter(work, completion);
            waiter.Place = _waiting.AddLast(waiter);
        }

        return new(WaitAsync(waiter, cancellationToken));
    }

    internal bool TryRead(out ShardWork work)
    {
        Waiter? admitted = null;
        List<Waiter>? others = null;
        lock (_lock)
        {
            if (!_works.TryDequeue(out work!))
            {
                return false;
            }

            _bytes -= work.Bytes;
            while (_waiting.First is { } first && HasRoomFor(first.Value.Work))
            {
                _waiting.RemoveFirst();
                Add(first.Value.Work);
                if (admitted is null)
                {
                    admitted = first.Value;
                }
                else
                {
                    (others ??= []).Add(first.Value);       // a large one left: several may come in its place
                }
            }
        }

        admitted?.Done.TrySetResult(true);
        foreach (var other in others ?? [])
        {
            other.Done.TrySetResult(true);
        }

        return true;
    }

    /// <summary>Takes nothing more; what is in it can still be read.</summary>
    internal void Complete()
    {
        Waiter[] refused;
        lock (_lock)
        {
            _completed = true;
            refused = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var waiter in refused)
        {
            waiter.Done.TrySetResult(false);
        }
    }

    private bool HasRoomFor(ShardWork work) =>
        _works.Count < countMax && (_bytes + work.Bytes <= bytesMax || _works.Count == 0);

    private void Add(ShardWork work)
    {
        _works.Enqueue(work);
        _bytes += work.Bytes;
    }

    private async Task<bool> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var (mailbox, waiter) = ((Mailbox, Waiter))state!;
                mailbox.Withdraw(waiter, token);
            },
            (this, waiter));
        return await waiter.Done.Task.ConfigureAwait(false);
    }

    private void Withdraw(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (waiter.Place!.List is null)
            {
                return;     // it has its room, or was refused
            }

            _waiting.Remove(waiter.Place);
        }

        waiter.Done.TrySetCanceled(cancellationToken);
    }

    private sealed class Waiter(ShardWork work, TaskCreationOptions completion)
    {
        internal ShardWork Work { get; } = work;

        internal TaskCompletionSource<bool> Done { get; } = new(completion);

        internal LinkedListNode<Waiter>? Place { get; set; }
    }
}

namespace Kyberium.Engine.Shards;

/// <summary>A shard's bounded queue. Waiting for room in it is the engine's backpressure: in order, and never on a thread that
/// the scheduler did not give.</summary>
/// <remarks>Thread-safe. <see cref="System.Threading.Channels.Channel"/> wakes waiting writers on the thread pool, whatever it is told.</remarks>
internal sealed class Mailbox(int countMax, TaskCreationOptions completion)
{
    private readonly Lock _lock = new();
    private readonly Queue<ShardWork> _works = new();
    private readonly LinkedList<Waiter> _waiting = new();
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

            if (_works.Count < countMax && _waiting.Count == 0)
            {
                _works.Enqueue(work);
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
        lock (_lock)
        {
            if (!_works.TryDequeue(out work!))
            {
                return false;
            }

            if (_waiting.First is { } first)
            {
                _waiting.RemoveFirst();
                admitted = first.Value;
                _works.Enqueue(admitted.Work);
            }
        }

        admitted?.Done.TrySetResult(true);
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

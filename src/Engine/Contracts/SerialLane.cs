namespace Kyberium.Engine;

/// <summary>Runs asynchronous work one piece at a time, in order, on the engine's scheduler.</summary>
internal sealed class SerialLane(EngineScheduler scheduler)
{
    private readonly Queue<Func<Task>> _waiting = new();
    private bool _running;

    internal int Length
    {
        get
        {
            lock (_waiting)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Adds a piece. It must not throw: it reports to whoever asked for it.</summary>
    internal void Enqueue(Func<Task> piece)
    {
        lock (_waiting)
        {
            _waiting.Enqueue(piece);
            if (_running)
            {
                return;
            }

            _running = true;
        }

        scheduler.Post(static lane => _ = ((SerialLane)lane!).LoopAsync(), this);
    }

    /// <summary>Adds a piece that somebody waits for.</summary>
    /// <returns>What it gave, or how it failed.</returns>
    internal Task<T> RunAsync<T>(Func<Task<T>> piece)
    {
        var done = new TaskCompletionSource<T>(scheduler.Completion);
        Enqueue(async () =>
        {
            try
            {
                done.TrySetResult(await piece().ConfigureAwait(false));
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                done.TrySetException(failure);      // whoever asked hears of it
            }
        });
        return done.Task;
    }

    /// <summary>Runs a piece on the caller's thread, as far as it does not wait, when the lane is idle; else adds it. It must not throw.</summary>
    internal void RunOrEnqueue(Func<Task> piece)
    {
        lock (_waiting)
        {
            if (_running)
            {
                _waiting.Enqueue(piece);
                return;
            }

            _running = true;
        }

        _ = RunFirstAsync(piece);
    }

    /// <summary>Completes when everything added so far has run.</summary>
    internal Task DrainAsync()
    {
        var done = new TaskCompletionSource(scheduler.Completion);
        Enqueue(() =>
        {
            done.TrySetResult();
            return Task.CompletedTask;
        });
        return done.Task;
    }

    private async Task RunFirstAsync(Func<Task> piece)
    {
        await piece().ConfigureAwait(false);
        lock (_waiting)
        {
            if (_waiting.Count == 0)
            {
                _running = false;
                return;
            }
        }

        scheduler.Post(static lane => _ = ((SerialLane)lane!).LoopAsync(), this);    // what others added is not the caller's
    }

    private async Task LoopAsync()
    {
        while (true)
        {
            Func<Task> piece;
            lock (_waiting)
            {
                if (!_waiting.TryDequeue(out piece!))
                {
                    _running = false;
                    return;
                }
            }

            await piece().ConfigureAwait(false);
        }
    }
}

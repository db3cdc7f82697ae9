namespace Kyberium.Pbm.Hosting.Serving;

/// <summary>The calls of one connection.</summary>
internal sealed class CallTable(int countMax)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, OpenCall> _open = [];
    private readonly HashSet<Task> _running = [];
    private bool _stopping;

    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _running.Count;
            }
        }
    }

    /// <summary>Takes a call in, unless there is a reason not to.</summary>
    internal CallRefusal TryAdd(OpenCall call)
    {
        lock (_gate)
        {
            var refusal = _stopping ? CallRefusal.Stopping
                : _open.ContainsKey(call.Id) ? CallRefusal.IdTaken
                : _open.Count >= countMax ? CallRefusal.TooMany
                : CallRefusal.None;
            if (refusal == CallRefusal.None)
            {
                _open.Add(call.Id, call);
            }

            return refusal;
        }
    }

    /// <summary>Keeps the task of a call until it has run to its end.</summary>
    internal void Track(Task run)
    {
        lock (_gate)
        {
            _running.Add(run);
        }

        _ = run.ContinueWith(
            done =>
            {
                lock (_gate)
                {
                    _running.Remove(done);
                }
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Frees a call's id and its place.</summary>
    internal void Remove(OpenCall call)
    {
        lock (_gate)
        {
            _open.Remove(call.Id);
        }
    }

    internal void Cancel(long id)
    {
        OpenCall? call;
        lock (_gate)
        {
            call = _open.GetValueOrDefault(id);
        }

        End(call, CallEnd.Cancelled);
    }

    /// <summary>Takes no more calls in, and ends those that would go on for ever.</summary>
    internal void BeginStop() => EndAll(call => call.Command.Follows);

    internal void EndAll() => EndAll(_ => true);

    /// <summary>Gets a task that ends when every call has been answered.</summary>
    internal Task WhenAllAsync()
    {
        lock (_gate)
        {
            return Task.WhenAll(_running);
        }
    }

    private void EndAll(Func<OpenCall, bool> which)
    {
        OpenCall[] calls;
        lock (_gate)
        {
            _stopping = true;
            calls = [.. _open.Values.Where(which)];
        }

        foreach (var call in calls)
        {
            End(call, CallEnd.Stopping);
        }
    }

    private static void End(OpenCall? call, CallEnd reason)
    {
        try
        {
            call?.End(reason);
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself in this moment.
        }
    }
}

/// <summary>Why a call is not taken in.</summary>
internal enum CallRefusal
{
    /// <summary>It is.</summary>
    None = 0,

    /// <summary>Another call with its id is open.</summary>
    IdTaken = 1,

    /// <summary>Too many are open.</summary>
    TooMany = 2,

    /// <summary>The process stops.</summary>
    Stopping = 3,
}

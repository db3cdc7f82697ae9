namespace Kyberium.Engine.Pipelines;

/// <summary>Tells when a batch has waited long enough for more items.</summary>
internal sealed class BatchAge(EngineScheduler scheduler, TimeSpan ageMax) : IDisposable
{
    private readonly Lock _gate = new();
    private ITimer? _timer;
    private TaskCompletionSource? _due;

    /// <summary>Gives a task that completes <c>ageMax</c> from now. One at a time.</summary>
    internal Task Begin()
    {
        var due = new TaskCompletionSource(scheduler.Completion);
        lock (_gate)
        {
            _due = due;
            _timer ??= scheduler.Time.CreateTimer(
                static age => ((BatchAge)age!).Due(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(ageMax, Timeout.InfiniteTimeSpan);
        }

        return due.Task;
    }

    /// <summary>The batch went before.</summary>
    internal void End()
    {
        lock (_gate)
        {
            _due = null;
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer?.Dispose();

    private void Due()
    {
        TaskCompletionSource? due;
        lock (_gate)
        {
            due = _due;
        }

        due?.TrySetResult();        // of a later batch, if this was late: that one goes early, which is allowed
    }
}

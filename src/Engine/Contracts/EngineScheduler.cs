namespace Kyberium.Engine;

/// <summary>The only way the engine starts work that is not its caller's: a simulator replaces it by one thread and its
/// own time, and then nothing runs behind its back.</summary>
internal abstract class EngineScheduler
{
    /// <summary>Gets the clock and the source of timers.</summary>
    internal abstract TimeProvider Time { get; }

    /// <summary>Gets how completion sources continue: inline where one thread runs everything, else on the pool.</summary>
    internal abstract TaskCreationOptions Completion { get; }

    /// <summary>Runs <paramref name="work"/> soon, on another thread or later on this one, never inline.</summary>
    internal abstract void Post(Action<object?> work, object? state);

    /// <summary>Waits. Told to stop, it resumes as <see cref="Completion"/> says; <c>Task.Delay</c> would always resume on the pool.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    internal async Task DelayAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var due = new TaskCompletionSource(Completion);
        using var timer = Time.CreateTimer(static due => ((TaskCompletionSource)due!).TrySetResult(), due, time, Timeout.InfiniteTimeSpan);
        using var cancelled = cancellationToken.UnsafeRegister(
            static (due, token) => ((TaskCompletionSource)due!).TrySetCanceled(token), due);
        await due.Task.ConfigureAwait(false);
    }

    /// <summary>Gets milliseconds of this process's own clock.</summary>
    internal long MonotonicMillis => (long)Time.GetElapsedTime(0, Time.GetTimestamp()).TotalMilliseconds;

    /// <summary>Gets wall-clock milliseconds since 1970.</summary>
    internal long UnixMillis => Time.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>Runs work on the thread pool, under the system's clock or one given by the host.</summary>
internal sealed class ThreadPoolScheduler(TimeProvider time) : EngineScheduler
{
    internal override TimeProvider Time { get; } = time;

    internal override TaskCreationOptions Completion => TaskCreationOptions.RunContinuationsAsynchronously;

#pragma warning disable RS0030 // This is what EngineScheduler.Post stands for.
    internal override void Post(Action<object?> work, object? state) =>
        ThreadPool.UnsafeQueueUserWorkItem(work, state, preferLocal: false);
#pragma warning restore RS0030
}

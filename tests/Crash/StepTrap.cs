namespace Kyberium.Crash;

/// <summary>In the node: says when the step aimed at is reached, and holds still so that the kill comes there.</summary>
internal sealed class StepTrap(StepAim? aim, Action announce)
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int _passed;

    /// <summary>Holds nothing any more, and lets go what it holds: the node was told to stop, so that no kill comes.</summary>
    internal void Release() => _released.TrySetResult();

    /// <summary>Runs a call that is a step.</summary>
    internal async ValueTask RunAsync(StepKind kind, Func<ValueTask> call)
    {
        if (aim is not { } target || _released.Task.IsCompleted || target.Kind != kind || Interlocked.Increment(ref _passed) != target.Skip + 1)
        {
            await call();
            return;
        }

        if (target.Phase == StepPhase.After)
        {
            try
            {
                await call();
            }
            catch
            {
                Interlocked.Decrement(ref _passed);     // nothing came of it, the other node is down: the next one is aimed at
                throw;
            }
        }

        announce();
        if (target.Phase == StepPhase.During)
        {
            await call();
            return;
        }

        await _released.Task;
        if (target.Phase == StepPhase.Before)
        {
            await call();
        }
    }

    /// <summary>A step without a call of its own to wrap.</summary>
    internal ValueTask PassAsync(StepKind kind) => RunAsync(kind, () => ValueTask.CompletedTask);
}

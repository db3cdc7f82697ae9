namespace Kyberium.Engine.PostgreSql.Cluster;

/// <summary>Lets a loop sleep until it is due or woken. A word that comes while it works counts for its next sleep.</summary>
internal sealed class Wakeup(TimeProvider time)
{
    private TaskCompletionSource _word = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal void Wake() => Volatile.Read(ref _word).TrySetResult();

    internal async Task SleepAsync(TimeSpan span, CancellationToken cancellationToken)
    {
        var word = Volatile.Read(ref _word);
        if (span > TimeSpan.Zero || word.Task.IsCompleted)
        {
            await word.Task.WaitAsync(span > TimeSpan.Zero ? span : TimeSpan.Zero, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (word.Task.IsCompleted)
        {
            Interlocked.CompareExchange(ref _word, new(TaskCreationOptions.RunContinuationsAsynchronously), word);
        }
    }
}

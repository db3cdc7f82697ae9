namespace Kyberium.Engine.Tests.Contracts;

public sealed class EngineSchedulerTests
{
    [Fact]
    public async Task A_wait_that_is_cancelled_resumes_within_the_cancelling_where_one_thread_runs_everything()
    {
        using var stopping = new CancellationTokenSource();
        var resumed = ResumedAsync(new OneThread(), stopping.Token);

        await Task.Yield();
        stopping.Cancel();

        Assert.True(resumed.IsCompleted);
        Assert.True(await resumed);
    }

    [Fact]
    public async Task A_wait_ends_by_itself() =>
        Assert.False(await ResumedAsync(new ThreadPoolScheduler(TimeProvider.System), CancellationToken.None, TimeSpan.FromMilliseconds(1)));

    [Fact]
    public async Task A_wait_under_a_cancelled_token_does_not_begin() =>
        Assert.True(await ResumedAsync(new ThreadPoolScheduler(TimeProvider.System), new CancellationToken(canceled: true)));

    private static async Task<bool> ResumedAsync(EngineScheduler scheduler, CancellationToken cancellationToken, TimeSpan? time = null)
    {
        try
        {
            await scheduler.DelayAsync(time ?? TimeSpan.FromHours(1), cancellationToken).ConfigureAwait(false);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private sealed class OneThread : EngineScheduler
    {
        internal override TimeProvider Time => TimeProvider.System;

        internal override TaskCreationOptions Completion => TaskCreationOptions.None;

        internal override void Post(Action<object?> work, object? state) => throw new NotSupportedException();
    }
}

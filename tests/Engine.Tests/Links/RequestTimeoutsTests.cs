using Kyberium.Engine.Links;
using Kyberium.Engine.Tests.Engine;

namespace Kyberium.Engine.Tests.Links;

public sealed class RequestTimeoutsTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(5);

    [Fact]
    public void A_source_that_was_not_needed_is_lent_again()
    {
        using var stopping = new CancellationTokenSource();
        using var timeouts = new RequestTimeouts(TimeProvider.System, Wait, stopping.Token);
        var source = timeouts.Take();
        timeouts.Return(source);
        Assert.Same(source, timeouts.Take());
        Assert.False(source.IsCancellationRequested);
    }

    [Fact]
    public async Task A_call_that_takes_too_long_is_cancelled_and_its_source_is_given_up()
    {
        var time = new ManualTime();
        using var stopping = new CancellationTokenSource();
        using var timeouts = new RequestTimeouts(time, Wait, stopping.Token);
        var source = timeouts.Take();
        var waiting = timeouts.WaitAsync(CallAsync(source.Token), source).AsTask();
        time.Advance(Wait - TimeSpan.FromMilliseconds(1));
        Assert.False(waiting.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        timeouts.Return(source);
        Assert.NotSame(source, timeouts.Take());
    }

    [Fact]
    public async Task Stopping_ends_a_call_under_way()
    {
        using var stopping = new CancellationTokenSource();
        using var timeouts = new RequestTimeouts(new ManualTime(), Wait, stopping.Token);
        var source = timeouts.Take();
        var waiting = timeouts.WaitAsync(CallAsync(source.Token), source).AsTask();
        Assert.False(waiting.IsCompleted);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        timeouts.Return(source);
    }

    private static async ValueTask CallAsync(CancellationToken cancellationToken) =>
        await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
}

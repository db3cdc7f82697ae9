using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Tests.Engine;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>What lets others wait: operations under way before what they use is released, and callers who have a peer to themselves.</summary>
public sealed class WaitingPartsTests
{
    private static readonly PeerKey Peer = new(IdentityName.Default, new PeerId("bob"));
    private static readonly PeerKey Other = new(IdentityName.Default, new PeerId("carol"));

    private readonly InFlight _operations = new(new StepScheduler(new ManualTime()));
    private readonly PeerTurns _turns = new();

    [Fact]
    public void Closing_waits_for_the_last_operation_and_lets_no_more_begin()
    {
        Assert.True(_operations.TryEnter());
        Assert.True(_operations.TryEnter());
        _operations.Exit();
        var closed = _operations.CloseAsync();
        Assert.False(closed.IsCompleted);
        Assert.False(_operations.TryEnter());
        Assert.False(closed.IsCompleted);
        _operations.Exit();
        Assert.True(closed.IsCompletedSuccessfully);
    }

    [Fact]
    public void Closing_is_at_once_when_nothing_is_under_way()
    {
        Assert.True(_operations.TryEnter());
        _operations.Exit();
        Assert.True(_operations.CloseAsync().IsCompletedSuccessfully);
        Assert.True(_operations.CloseAsync().IsCompletedSuccessfully);
        Assert.False(_operations.TryEnter());
    }

    [Fact]
    public void The_last_operation_before_the_close_is_not_the_end_of_those_after_it()
    {
        Assert.True(_operations.TryEnter());
        _operations.Exit();
        Assert.True(_operations.TryEnter());
        var closed = _operations.CloseAsync();
        Assert.False(closed.IsCompleted);
        _operations.Exit();
        Assert.True(closed.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task One_caller_has_a_peer_at_a_time_and_others_have_others()
    {
        var first = await _turns.EnterAsync(Peer, CancellationToken.None);
        var second = _turns.EnterAsync(Peer, CancellationToken.None).AsTask();
        using (await _turns.EnterAsync(Other, CancellationToken.None))
        {
            Assert.False(second.IsCompleted);
        }

        first.Dispose();
        var third = _turns.EnterAsync(Peer, CancellationToken.None).AsTask();
        var mine = await second.WaitAsync(TimeSpan.FromSeconds(60));
        first.Dispose();        // a second time: not the second caller's
        Assert.False(third.IsCompleted);
        mine.Dispose();
        (await third.WaitAsync(TimeSpan.FromSeconds(60))).Dispose();
    }

    [Fact]
    public async Task Whoever_waits_no_longer_takes_nothing_from_the_others()
    {
        using var stop = new CancellationTokenSource();
        var first = await _turns.EnterAsync(Peer, CancellationToken.None);
        var impatient = _turns.EnterAsync(Peer, stop.Token).AsTask();
        var patient = _turns.EnterAsync(Peer, CancellationToken.None).AsTask();
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.False(patient.IsCompleted);
        first.Dispose();
        (await patient.WaitAsync(TimeSpan.FromSeconds(60))).Dispose();
        (await _turns.EnterAsync(Peer, CancellationToken.None)).Dispose();
    }

    [Fact]
    public async Task A_peer_that_nobody_waits_for_is_free_again()
    {
        for (var i = 0; i < 3; i++)
        {
            var entered = _turns.EnterAsync(Peer, CancellationToken.None);
            Assert.True(entered.IsCompletedSuccessfully);
            (await entered).Dispose();
        }
    }
}

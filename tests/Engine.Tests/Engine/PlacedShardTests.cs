namespace Kyberium.Engine.Tests.Engine;

/// <summary>Goal: an engine serves the shards that are ordered here, under their lease, and hands them on whole.</summary>
public sealed class PlacedShardTests : IAsyncLifetime
{
    private readonly OrderedPlacement _placement = new(2);
    private readonly InMemoryNetwork _network = new();
    private Party _alice = null!;
    private Party _bob = null!;
    private int _shard;

    public async Task InitializeAsync()
    {
        _alice = new Party("alice", _network) { Placement = _placement };
        _bob = new Party("bob", _network);
        await _alice.StartAsync();
        await _bob.StartAsync();
        await _alice.Engine.CreateIdentityAsync(IdentityName.Default);
        await _bob.Engine.CreateIdentityAsync(IdentityName.Default);
        await _alice.KnowAsync(_bob);
        await _bob.KnowAsync(_alice);
        await _alice.ConnectAsync(_bob);
        _shard = Kyberium.Engine.Shards.ShardNumber.Of(new Kyberium.Engine.Sessions.PeerKey(IdentityName.Default, _bob.Id), 2);
    }

    public async Task DisposeAsync()
    {
        await _alice.DisposeAsync();
        await _bob.DisposeAsync();
    }

    [Fact]
    public async Task A_shard_that_is_given_up_is_drained_and_released_after_its_last_commit_and_goes_on_where_it_is_next()
    {
        var sends = Enumerable.Range(0, 200).Select(i => _alice.SendAsync(_bob, $"{i}")).ToList();
        var fence = _placement.FenceOf(_shard);
        _placement.Order(ShardOrderKind.GiveUp, _shard, fence);
        _placement.Order(ShardOrderKind.GiveUp, _shard, fence);     // the same order once more
        await Party.UntilAsync(() => Task.FromResult(!_placement.Released.IsEmpty));

        var commits = _alice.Journal.Commits;
        Assert.Equal(commits, _alice.Journal.Submitted);
        Assert.Equal((OrderedPlacement.Shard(_shard), fence), Assert.Single(_placement.Released));
        Assert.Equal(EngineErrorCode.ShardRecovering, await Party.CodeOfAsync(() => _alice.SendAsync(_bob, "nobody is here")));
        Assert.False(_alice.Engine.TrySeal(_bob.Id, "x"u8, new byte[200], out _));
        var accepted = 0;
        foreach (var send in sends)
        {
            var failure = await Record.ExceptionAsync(() => send);
            accepted += failure is null ? 1 : 0;
            Assert.True(failure is null or EngineException { Code: EngineErrorCode.ShardElsewhere, IsTransient: true }, $"{failure}");
        }

        _placement.Order(ShardOrderKind.Acquire, _shard);
        await Party.UntilAsync(() => Task.FromResult(_placement.FenceOf(_shard) != fence));
        await ServedAsync();
        await _alice.SendAsync(_bob, "and on");
        var received = await _bob.ReceiveAsync(accepted + 1);
        Assert.Equal("and on", received[^1]);
        Assert.Equal(accepted, received.SkipLast(1).Distinct().Count());
    }

    [Fact]
    public async Task A_release_that_could_not_be_reported_is_reported_when_the_order_comes_again()
    {
        var fence = _placement.FenceOf(_shard);
        _placement.FailsRelease = new EngineException(EngineErrorCode.JournalUnavailable, "the cluster's store is away");
        _placement.Order(ShardOrderKind.GiveUp, _shard, fence);
        await Party.UntilAsync(() => Task.FromResult(_placement.FailsRelease is null));
        Assert.Empty(_placement.Released);

        await Party.UntilAsync(() =>
        {
            _placement.Order(ShardOrderKind.GiveUp, _shard, fence);
            return Task.FromResult(!_placement.Released.IsEmpty);
        });
        Assert.All(_placement.Released, released => Assert.Equal((OrderedPlacement.Shard(_shard), fence), released));
    }

    [Fact]
    public async Task A_shard_that_is_stopped_writes_nothing_more_and_what_was_answered_is_there_when_it_is_acquired_again()
    {
        await _alice.SendAsync(_bob, "answered");
        Assert.Equal(["answered"], await _bob.ReceiveAsync(1));
        _placement.Order(ShardOrderKind.Stop, _shard, new Fence(99));       // of another stay: not this one
        await _alice.SendAsync(_bob, "still here");
        var fence = _placement.FenceOf(_shard);
        _placement.Order(ShardOrderKind.Stop, _shard, fence);

        Assert.Equal(EngineErrorCode.ShardRecovering, await Party.CodeOfAsync(() => _alice.SendAsync(_bob, "lost")));
        Assert.Empty(_placement.Released);
        var stored = await _alice.Store.ReadExtentAsync(OrderedPlacement.Shard(_shard));
        Assert.Equal(fence, stored.Fence);

        await AcquiredAgainAsync(fence);
        await _alice.SendAsync(_bob, "again");
        Assert.Equal(["still here", "again"], await _bob.ReceiveAsync(2));
    }

    [Fact]
    public async Task When_the_lease_is_over_nothing_is_answered_sealed_or_opened_and_the_shard_stays_down_until_it_is_ordered_again()
    {
        var envelope = await _bob.SealAsync(_alice, "to be opened by whoever has the shard");
        var fence = _placement.FenceOf(_shard);
        _placement.Leases[OrderedPlacement.Shard(_shard)].MayServe = false;

        Assert.False(_alice.Engine.TrySeal(_bob.Id, "x"u8, new byte[200], out var written));
        Assert.Equal(0, written);
        Assert.False(_alice.Engine.TryOpen(envelope, new byte[200], out _, out _));
        var operation = Guid.NewGuid();
        Assert.Equal(EngineErrorCode.LeaseLost, await Party.CodeOfAsync(() => SendAsync()));
        Assert.Equal(EngineErrorCode.LeaseLost, await Party.CodeOfAsync(() => _alice.PeerAsync(_bob)));
        Assert.Equal(EngineErrorCode.LeaseLost, await Party.CodeOfAsync(() => _alice.SealAsync(_bob, "no").AsTask()));
        Assert.Equal(fence, _placement.FenceOf(_shard));

        await AcquiredAgainAsync(fence);
        await SendAsync();      // durable before, and not answered
        Assert.Equal(["once"], await _bob.ReceiveAsync(1));
        Assert.Equal(1UL, (await _alice.PeerAsync(_bob)).NextNumber - 1);

        Task<SentMessage> SendAsync() => _alice.Engine.SendAsync(
            _bob.Id, "once"u8.ToArray(), new SendOptions(operation), cancellationToken: Party.Timely);
    }

    [Fact]
    public async Task A_shard_without_a_lease_from_the_start_serves_nobody_and_is_ordered_again()
    {
        var fence = _placement.FenceOf(_shard);
        _placement.Order(ShardOrderKind.Stop, _shard, fence);
        _placement.GivesLeases = false;
        await Party.UntilAsync(() =>
        {
            _placement.Order(ShardOrderKind.Acquire, _shard);
            return Task.FromResult(_placement.FenceOf(_shard) != fence);
        });
        Assert.Equal(EngineErrorCode.ShardRecovering, await Party.CodeOfAsync(() => _alice.SendAsync(_bob, "no")));

        _placement.GivesLeases = true;
        await AcquiredAgainAsync(_placement.FenceOf(_shard));
        await _alice.SendAsync(_bob, "yes");
        Assert.Equal(["yes"], await _bob.ReceiveAsync(1));
    }

    [Fact]
    public async Task An_order_that_is_repeated_acquires_nothing_anew_and_a_shard_taken_by_another_is_left_to_it_until_it_is_ordered()
    {
        var fence = _placement.FenceOf(_shard);
        _placement.Order(ShardOrderKind.Acquire, _shard);
        await _alice.SendAsync(_bob, "1");
        Assert.Equal(fence, _placement.FenceOf(_shard));
        await Party.UntilAsync(async () => (await _alice.PeerAsync(_bob)).OutboxCount == 0);       // nothing is under way that would meet the other owner first

        var taken = await _alice.Store.AcquireAsync(OrderedPlacement.Shard(_shard));
        Assert.Equal(EngineErrorCode.ShardFenced, await Party.CodeOfAsync(() => _alice.SendAsync(_bob, "2")));
        Assert.Equal(taken.Fence, (await _alice.Store.ReadExtentAsync(OrderedPlacement.Shard(_shard))).Fence);

        await AcquiredAgainAsync(fence);
        await _alice.SendAsync(_bob, "3");
        Assert.Equal(["1", "3"], await _bob.ReceiveAsync(2));
    }

    private async Task AcquiredAgainAsync(Fence before)
    {
        await Party.UntilAsync(() =>
        {
            _placement.Order(ShardOrderKind.Acquire, _shard);
            return Task.FromResult(_placement.FenceOf(_shard) != before);
        });
        await ServedAsync();
    }

    /// <summary>Waits until the shard that was acquired serves: reported it is a moment before.</summary>
    private Task ServedAsync() => Party.UntilAsync(async () => await Record.ExceptionAsync(() => _alice.PeerAsync(_bob)) is null);
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Tests.Engine;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>The line before a full outbox, under a clock of the test's.</summary>
public sealed class OutboxRoomTests
{
    private const int Shard = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly PeerKey Peer = new(IdentityName.Default, new PeerId("peer"));
    private static readonly PeerKey Other = new(IdentityName.Default, new PeerId("other"));

    private readonly ManualTime _time = new();
    private readonly OutboxRoom _room;

    public OutboxRoomTests() => _room = new OutboxRoom(new InlineScheduler(_time));

    [Fact]
    public async Task As_many_are_called_as_messages_left_in_the_order_they_came()
    {
        var waiting = Enumerable.Range(0, 5).Select(_ => Wait()).ToArray();
        _room.Made(Other, Shard, 5);
        Assert.DoesNotContain(waiting, wait => wait.IsCompleted);

        _room.Made(Peer, Shard, 2);

        await Called(waiting[0]);
        await Called(waiting[1]);
        Assert.DoesNotContain(waiting[2..], wait => wait.IsCompleted);
        Assert.True(_room.IsWaitedFor(Peer));
    }

    [Fact]
    public async Task Room_that_was_made_during_the_try_is_not_missed()
    {
        var mark = _room.Mark(Shard);
        _room.Made(Peer, Shard, 1);

        await Called(_room.WaitAsync(Peer, Shard, mark, waited: false, default));
        Assert.False(_room.IsWaitedFor(Peer));
    }

    [Fact]
    public async Task Who_was_called_and_found_none_goes_to_the_head_of_the_line()
    {
        var (first, second) = (Wait(), Wait());
        _room.Made(Peer, Shard, 1);
        await Called(first);
        var again = _room.WaitAsync(Peer, Shard, _room.Mark(Shard), waited: true, default);

        _room.Made(Peer, Shard, 1);

        await Called(again);
        Assert.False(second.IsCompleted);
    }

    [Fact]
    public async Task Who_is_cancelled_leaves_the_line_and_takes_nobodys_turn()
    {
        using var leaves = new CancellationTokenSource();
        var first = _room.WaitAsync(Peer, Shard, _room.Mark(Shard), waited: false, leaves.Token);
        var second = Wait();
        leaves.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(Patience));

        _room.Made(Peer, Shard, 1);

        await Called(second);
        Assert.False(_room.IsWaitedFor(Peer));
    }

    [Fact]
    public async Task The_first_in_line_tries_now_and_then_though_nobody_tells_of_room()
    {
        var (first, second) = (Wait(), Wait());
        _time.Advance(TimeSpan.FromMilliseconds(199));
        Assert.False(first.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await Called(first);
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(200));
        await Called(second);
    }

    [Fact]
    public async Task Who_does_not_take_the_room_passes_it_on()
    {
        var waiting = Wait();
        _room.PassOn(Peer);
        await Called(waiting);
        _room.PassOn(Peer);     // nobody is left, and that is no error
    }

    [Fact]
    public async Task When_it_closes_everybody_is_called_and_nobody_waits_any_more()
    {
        var waiting = Enumerable.Range(0, 3).Select(_ => Wait()).ToArray();
        _room.Close();
        await Task.WhenAll(waiting).WaitAsync(Patience);
        await Called(Wait());
    }

    private static Task Called(Task waiting) => waiting.WaitAsync(Patience);

    private Task Wait() => _room.WaitAsync(Peer, Shard, _room.Mark(Shard), waited: false, default);

    private sealed class InlineScheduler(TimeProvider time) : EngineScheduler
    {
        internal override TimeProvider Time { get; } = time;

        internal override TaskCreationOptions Completion => TaskCreationOptions.None;

        internal override void Post(Action<object?> work, object? state) => work(state);
    }
}

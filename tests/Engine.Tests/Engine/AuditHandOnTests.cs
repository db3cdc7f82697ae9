using Kyberium.Engine.Audit;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Goal: every durable audit event reaches the sink at least once, in order, under one id. Method: sinks that fail, and engines that vanish before the sink answered.</summary>
public sealed class AuditHandOnTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]      // the checkpoint cut the record off: the event has a row of its own
    public async Task An_event_that_was_durable_but_not_taken_when_the_engine_vanished_is_handed_on_by_the_next_one(bool afterCheckpoint)
    {
        var stuck = new RecordingSink { Before = static e => IsEstablished(e) ? new TaskCompletionSource().Task : Task.CompletedTask };
        var (alice, bob) = await PairAsync(stuck);
        await using var _a = alice;
        await alice.ConnectAsync(bob);
        await Party.UntilAsync(() => Task.FromResult(stuck.Offered.Any(IsEstablished)));
        if (afterCheckpoint)
        {
            await bob.Engine.CheckpointAsync(Party.Timely);
            var lost = stuck.Offered.First(IsEstablished);
            var extent = await bob.Store.ReadExtentAsync(lost.Shard);
            Assert.True(extent.TruncatedThrough.Value >= lost.Position.Value);
        }

        bob.Crash();
        var next = new RecordingSink();
        bob.Sink = next;
        await bob.StartAsync();
        await Party.UntilAsync(() => Task.FromResult(next.Taken.Any(IsEstablished)));

        Assert.Equal(stuck.Offered.First(IsEstablished), next.Taken.First(IsEstablished));
        await bob.Engine.DisposeAsync();
    }

    [Fact]
    public async Task What_the_sink_has_taken_is_not_handed_on_again_after_a_clean_stop()
    {
        var sink = new RecordingSink();
        var (alice, bob) = await PairAsync(sink);
        await using var _a = alice;
        await alice.ConnectAsync(bob);
        await bob.Engine.DisposeAsync();
        var taken = sink.Taken;
        Assert.Contains(taken, IsEstablished);

        bob.Reopen();
        await bob.StartAsync();
        await bob.Engine.DisposeAsync();

        Assert.Equal(taken, sink.Taken);
    }

    [Fact]
    public async Task A_sink_that_cannot_be_closed_is_logged_and_the_keyring_is_released_all_the_same()
    {
        var (logged, keyring) = (new LoggedEvents(), new InMemoryKeyring());
        var bob = new Party("bob", new InMemoryNetwork())
        {
            Sink = new RecordingSink { ClosesWith = new IOException("full") }, OtherKeyring = keyring, Loggers = logged,
        };
        await bob.StartAsync();

        await bob.Engine.DisposeAsync();

        Assert.Contains(1012, logged.All.Select(static line => line.Id));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => keyring.WrapAsync(new byte[32], default).AsTask());
    }

    [Fact]
    public async Task What_a_failing_sink_had_not_taken_at_a_clean_stop_is_handed_on_by_the_next_owner()
    {
        var failing = new RecordingSink { Before = static e => IsEstablished(e) ? Task.FromException(new IOException("away")) : Task.CompletedTask };
        var (alice, bob) = await PairAsync(failing);
        await using var _a = alice;
        await alice.ConnectAsync(bob);
        await Party.UntilAsync(() => Task.FromResult(failing.Offered.Any(IsEstablished)));
        await bob.Engine.DisposeAsync();

        bob.Reopen();
        var next = new RecordingSink();
        bob.Sink = next;
        await bob.StartAsync();
        await Party.UntilAsync(() => Task.FromResult(next.Taken.Any(IsEstablished)));
        await bob.Engine.DisposeAsync();
    }

    [Fact]
    public async Task A_sink_that_fails_is_tried_again_until_it_takes_the_event_and_order_is_kept()
    {
        var time = new ManualTime();
        var failures = 5;
        var sink = new RecordingSink
        {
            Before = _ => Interlocked.Decrement(ref failures) >= 0 ? Task.FromException(new IOException("away")) : Task.CompletedTask,
        };
        await using var trail = new Trail(sink, time);
        var backlog = trail.Open();
        for (var position = 1; position <= 3; position++)
        {
            backlog.Stage(EventAt(position));
        }

        backlog.Durable(new LogPosition(2));
        await Party.UntilAsync(() => Task.FromResult(sink.Taken.Count == 2), () => time.Advance(TimeSpan.FromSeconds(1)));
        await backlog.DrainAsync();
        Assert.Equal([1L, 2L], sink.Taken.Select(taken => taken.Position.Value));     // the third is not durable

        backlog.Durable(new LogPosition(3));
        await backlog.DrainAsync();
        Assert.Equal([1L, 2L, 3L], sink.Taken.Select(taken => taken.Position.Value));
        Assert.Equal(1, trail.Failures);     // one outage, one log entry
        await backlog.DisposeAsync();
    }

    [Fact]
    public async Task A_sink_that_fails_is_tried_again_with_the_events_of_identities_too_and_order_is_kept()
    {
        var time = new ManualTime();
        var failures = 3;
        var sink = new RecordingSink
        {
            Before = _ => Interlocked.Decrement(ref failures) >= 0 ? Task.FromException(new IOException("away")) : Task.CompletedTask,
        };
        await using var trail = new Trail(sink, time);
        trail.Durable(EventAt(1));
        trail.Durable(EventAt(2));
        await Party.UntilAsync(() => Task.FromResult(sink.Taken.Count == 2), () => time.Advance(TimeSpan.FromSeconds(1)));

        Assert.Equal([1L, 2L], sink.Taken.Select(taken => taken.Position.Value));
        Assert.Equal(1, trail.Failures);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_sink_that_fails_at_an_identitys_event()
    {
        var sink = new RecordingSink { Before = static _ => Task.FromException(new IOException("away")) };
        var trail = new Trail(sink, new ManualTime());
        trail.Durable(EventAt(1));
        trail.Durable(EventAt(2));

        await trail.DisposeAsync().AsTask().WaitAsync(Party.Timely);

        Assert.Empty(sink.Taken);
    }

    [Fact]
    public async Task A_stop_lets_go_of_a_sink_that_does_not_answer_and_what_it_has_not_taken_stays()
    {
        var time = new ManualTime();
        var trail = new Trail(new RecordingSink { Before = static _ => new TaskCompletionSource().Task }, time);
        trail.Durable(EventAt(9));      // an identity's: it stands in front of what shards have
        var backlog = trail.Open();
        backlog.Stage(EventAt(1));
        backlog.Durable(new LogPosition(1));

        var stop = StopAsync();
        await Party.UntilAsync(() => Task.FromResult(stop.IsCompleted), () => time.Advance(TimeSpan.FromSeconds(1)));

        await stop;
        Assert.Equal(1, backlog.Count);

        async Task StopAsync()
        {
            await backlog.StopAsync();
            await backlog.DisposeAsync();
            await trail.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_backlog_is_bounded_and_says_what_found_no_room()
    {
        var turnstile = new Turnstile();
        var sink = new RecordingSink { Before = _ => turnstile.PassAsync() };
        await using var trail = new Trail(sink, TimeProvider.System);
        var backlog = trail.Open();
        for (var position = 1; position <= AuditBacklog.CountMax + 10; position++)
        {
            backlog.Stage(EventAt(position));
        }

        Assert.Equal(10, backlog.Dropped);
        Assert.Equal(AuditBacklog.CountMax, backlog.Count);
        Assert.Equal(1, trail.Fulls);
        backlog.Durable(new LogPosition(AuditBacklog.CountMax + 10));
        turnstile.Open();
        await backlog.DrainAsync();
        Assert.Equal(Enumerable.Range(1, AuditBacklog.CountMax).Select(i => (long)i), sink.Taken.Select(taken => taken.Position.Value));
        await backlog.DisposeAsync();
    }

    [Fact]
    public async Task A_checkpoint_stores_what_it_would_cut_off_and_deletes_what_was_taken_since()
    {
        var turnstile = new Turnstile();
        await using var trail = new Trail(new RecordingSink { Before = _ => turnstile.PassAsync() }, TimeProvider.System);
        var backlog = trail.Open();
        backlog.Stage(EventAt(1));
        backlog.Stage(EventAt(2));
        backlog.Durable(new LogPosition(2));

        var first = backlog.Cut(new LogPosition(1));
        Assert.Equal([1L], first.ToStore.Select(stored => stored.Position.Value));
        Assert.Empty(first.ToDelete);
        turnstile.Open();
        await backlog.DrainAsync();
        var second = backlog.Cut(new LogPosition(2));
        Assert.Empty(second.ToStore);
        Assert.Equal([1L], second.ToDelete.Select(deleted => deleted.Position.Value));
        await backlog.DisposeAsync();
    }

    private static bool IsEstablished(AuditEvent auditEvent) => auditEvent.Kind == "session-established";

    private static AuditEvent EventAt(long position) => new(
        DateTimeOffset.UnixEpoch, "rekeyed", "alice", "bob", "engine", string.Empty, string.Empty, new ShardId("default", 0),
        new LogPosition(position), 0);

    private static async Task<(Party Alice, Party Bob)> PairAsync(IAuditSink sink)
    {
        var network = new InMemoryNetwork();
        var (alice, bob) = (new Party("alice", network), new Party("bob", network) { Sink = sink });
        await alice.StartAsync();
        await bob.StartAsync();
        await alice.Engine.CreateIdentityAsync(IdentityName.Default);
        await bob.Engine.CreateIdentityAsync(IdentityName.Default);
        await alice.KnowAsync(bob);
        await bob.KnowAsync(alice);
        return (alice, bob);
    }

    private sealed class Trail : IAsyncDisposable
    {
        private readonly AuditTrail _trail;

        internal Trail(IAuditSink sink, TimeProvider time) =>
            _trail = new AuditTrail(new ThreadPoolScheduler(time), sink, _ => { }, _ => Failures++, _ => Fulls++);

        internal int Failures { get; private set; }

        internal int Fulls { get; private set; }

        internal AuditBacklog Open() => _trail.Open(default, [])!;

        internal void Durable(AuditEvent auditEvent) => _trail.Durable(auditEvent);

        public ValueTask DisposeAsync() => _trail.DisposeAsync();
    }

    private sealed class RecordingSink : IAuditSink
    {
        private readonly List<AuditEvent> _offered = [];
        private readonly List<AuditEvent> _taken = [];

        internal Func<AuditEvent, Task>? Before { get; init; }

        internal Exception? ClosesWith { get; init; }

        internal List<AuditEvent> Offered => Copy(_offered);

        internal List<AuditEvent> Taken => Copy(_taken);

        public async ValueTask WriteAsync(AuditEvent auditEvent, CancellationToken cancellationToken = default)
        {
            Add(_offered, auditEvent);
            await (Before?.Invoke(auditEvent) ?? Task.CompletedTask).WaitAsync(cancellationToken);
            Add(_taken, auditEvent);
        }

        public ValueTask DisposeAsync() => ClosesWith is { } failure ? ValueTask.FromException(failure) : ValueTask.CompletedTask;

        private static void Add(List<AuditEvent> list, AuditEvent auditEvent)
        {
            lock (list)
            {
                list.Add(auditEvent);
            }
        }

        private static List<AuditEvent> Copy(List<AuditEvent> list)
        {
            lock (list)
            {
                return [.. list];
            }
        }
    }
}

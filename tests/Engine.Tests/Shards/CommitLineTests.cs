using Kyberium.Engine.Journal;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Tests.Engine;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Commits on their way to a journal that is away now and then. Goal: each is made once, in order, and its caller hears of it only when
/// it is durable. Method: a journal whose every answer is given by the test, a clock that it moves, and one thread.</summary>
public sealed class CommitLineTests
{
    private static readonly ShardId Shard = new("default", 3);
    private static readonly Fence Owner = new(7);

    private readonly ManualTime _time = new();
    private readonly ScriptedJournal _journal = new();
    private readonly CommitLine _line;

    public CommitLineTests() => _line = new CommitLine(
        new ShardEnvironment
        {
            // What a line of commits does not use is not there.
            Journal = _journal, Scheduler = new OneThread(_time), Settings = null!, Keyring = null!, Entropy = null!, Identities = null!,
            EphemeralKeys = null!, Outlet = null!, Inbox = null!, Audit = null!, OutboxRoom = null!, Operations = null!, Lookup = null!,
            Keyed = null!, Aead = null!,
        },
        Shard, Owner, CancellationToken.None);

    [Fact]
    public async Task A_commit_that_the_journal_took_is_made_once()
    {
        await _line.AddAsync(Commit(1));
        Assert.Equal([1L], _journal.Asked);
        Assert.Equal(0, _journal.ExtentsRead);
    }

    [Fact]
    public async Task A_commit_that_failed_and_is_in_the_log_is_not_repeated()
    {
        _journal.Answers.Enqueue(Task.FromException(Away()));
        _journal.Extent = new ShardExtent(Owner, new LogPosition(0), new LogPosition(5));
        await _line.AddAsync(Commit(5));
        Assert.Equal([5L], _journal.Asked);
    }

    [Fact]
    public async Task A_commit_that_failed_and_is_not_in_the_log_is_repeated()
    {
        _journal.Answers.Enqueue(Task.FromException(Away()));
        _journal.Extent = new ShardExtent(Owner, new LogPosition(0), new LogPosition(4));
        await _line.AddAsync(Commit(5));
        Assert.Equal([5L, 5L], _journal.Asked);
    }

    [Fact]
    public async Task A_commit_of_rows_alone_is_repeated_whatever_the_log_says()
    {
        _journal.Answers.Enqueue(Task.FromException(Away()));
        _journal.Extent = new ShardExtent(Owner, new LogPosition(0), new LogPosition(5));
        await _line.AddAsync(Rows());
        Assert.Equal(2, _journal.Asked.Count);
    }

    [Fact]
    public async Task A_commit_in_doubt_of_an_owner_that_was_fenced_fails()
    {
        _journal.Answers.Enqueue(Task.FromException(Away()));
        _journal.Extent = new ShardExtent(new Fence(8), new LogPosition(0), new LogPosition(5));
        var failure = await Assert.ThrowsAsync<EngineException>(() => _line.AddAsync(Commit(5)).AsTask());
        Assert.Equal(EngineErrorCode.ShardFenced, failure.Code);
        Assert.Equal([5L], _journal.Asked);
    }

    [Fact]
    public async Task Any_other_failure_is_the_callers_at_once()
    {
        _journal.Answers.Enqueue(Task.FromException(JournalErrors.Fenced(Shard, Owner, new Fence(8))));
        var failure = await Assert.ThrowsAsync<EngineException>(() => _line.AddAsync(Commit(1)).AsTask());
        Assert.Equal(EngineErrorCode.ShardFenced, failure.Code);
        Assert.Equal(0, _journal.ExtentsRead);
    }

    [Fact]
    public void A_journal_that_is_away_is_asked_again_after_50_ms_doubling_to_2_s()
    {
        _journal.IsAway = true;
        var commit = _line.AddAsync(Commit(1)).AsTask();
        foreach (var wait in new[] { 50, 100, 200, 400, 800, 1_600, 2_000, 2_000 })
        {
            var (asked, read) = (_journal.Asked.Count, _journal.ExtentsRead);
            Advance(wait - 1);
            Assert.Equal((asked, read), (_journal.Asked.Count, _journal.ExtentsRead));
            Advance(1);
            Assert.Equal((asked + 1, read + 1), (_journal.Asked.Count, _journal.ExtentsRead));
        }

        Assert.False(commit.IsCompleted);
        _journal.IsAway = false;
        Advance(2_000);
        Assert.True(commit.IsCompletedSuccessfully);
    }

    [Fact]
    public void Patience_ends_when_it_was_told_to()
    {
        _journal.IsAway = true;
        var commit = _line.AddAsync(Commit(1)).AsTask();
        _line.GiveUpAfter(TimeSpan.FromMilliseconds(150));
        Advance(149);
        Assert.False(commit.IsCompleted);
        Advance(1);
        Assert.Equal(EngineErrorCode.JournalUnavailable, Assert.IsType<EngineException>(commit.Exception?.InnerException).Code);
    }

    [Fact]
    public void Later_commits_stand_in_line_behind_one_in_doubt_and_go_in_order()
    {
        _journal.IsAway = true;
        var first = _line.AddAsync(Commit(1)).AsTask();
        var later = new[] { 2, 3 }.Select(position => _line.AddAsync(Commit(position)).AsTask()).ToArray();
        Assert.DoesNotContain(_journal.Asked, position => position > 1);

        _journal.IsAway = false;
        _journal.Asked.Clear();
        var read = _journal.ExtentsRead;
        Advance(50);
        Assert.True(first.IsCompletedSuccessfully);
        Assert.All(later, commit => Assert.True(commit.IsCompletedSuccessfully));
        Assert.Equal([1L, 2L, 3L], _journal.Asked);
        Assert.Equal(read + 1, _journal.ExtentsRead);       // those behind were never handed over: there is nothing to find out
    }

    [Fact]
    public void Once_the_journal_is_back_commits_are_handed_over_without_waiting_for_each_other()
    {
        _journal.IsAway = true;
        var first = _line.AddAsync(Commit(1)).AsTask();
        _journal.IsAway = false;
        Advance(50);
        Assert.True(first.IsCompletedSuccessfully);

        _journal.Asked.Clear();
        _journal.Answers.Enqueue(new TaskCompletionSource().Task);
        var waiting = _line.AddAsync(Commit(2)).AsTask();
        var next = _line.AddAsync(Commit(3)).AsTask();
        Assert.False(waiting.IsCompleted);
        Assert.False(next.IsFaulted);
        Assert.Equal([2L, 3L], _journal.Asked);
    }

    // The second was under way when the first failed, and the journal has not said yet that it fails with it.
    [Fact]
    public void A_commit_does_not_overtake_one_that_was_under_way_when_an_earlier_one_failed()
    {
        var (one, two) = (new TaskCompletionSource(), new TaskCompletionSource());
        _journal.Answers.Enqueue(one.Task);
        _journal.Answers.Enqueue(two.Task);
        var first = _line.AddAsync(Commit(1)).AsTask();
        var second = _line.AddAsync(Commit(2)).AsTask();
        Alone(() => one.SetException(Away()));
        Assert.True(first.IsCompletedSuccessfully);         // repeated, and taken

        var third = _line.AddAsync(Commit(3)).AsTask();
        Assert.Equal([1L, 2L, 1L], _journal.Asked);
        Alone(() => two.SetException(JournalErrors.FollowsFailure(Shard)));
        Assert.True(second.IsCompletedSuccessfully);
        Assert.True(third.IsCompletedSuccessfully);
        Assert.Equal([1L, 2L, 1L, 2L, 3L], _journal.Asked);

        Assert.True(_line.AddAsync(Commit(4)).AsTask().IsCompletedSuccessfully);
        Assert.Equal(4, _journal.Asked[^1]);
    }

    private void Advance(int millis) => Alone(() => _time.Advance(TimeSpan.FromMilliseconds(millis)));

    // Without the runner's context what was waiting goes on at once, on this thread.
    private static void Alone(Action act)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            act();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private static EngineException Away() => JournalErrors.FollowsFailure(Shard);

    private static JournalCommit Commit(long position) =>
        new() { Shard = Shard, Fence = Owner, Position = new LogPosition(position), Record = new byte[1] };

    private static JournalCommit Rows() => new() { Shard = Shard, Fence = Owner };

    private sealed class OneThread(TimeProvider time) : EngineScheduler
    {
        internal override TimeProvider Time { get; } = time;

        internal override TaskCreationOptions Completion => TaskCreationOptions.None;

        internal override void Post(Action<object?> work, object? state) => throw new NotSupportedException("nothing is posted here");
    }

    private sealed class ScriptedJournal : IJournal
    {
        internal Queue<Task> Answers { get; } = new();

        internal List<long> Asked { get; } = [];

        internal bool IsAway { get; set; }

        internal int ExtentsRead { get; private set; }

        internal ShardExtent Extent { get; set; } = new(Owner, new LogPosition(0), new LogPosition(0));

        public ReadOnlyMemory<byte> StoreId => new byte[16];

        public string Description => "scripted";

        public long TailBytes => 0;

        public ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default)
        {
            Asked.Add(commit.Position.Value);
            return IsAway ? ValueTask.FromException(Away()) : Answers.TryDequeue(out var answer) ? new(answer) : default;
        }

        public ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default)
        {
            Assert.Equal(Shard, shard);
            ExtentsRead++;
            return new(Extent);
        }

        public ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask<ShardExtent> AcquireAsync(ShardId shard, Fence held, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public IAsyncEnumerable<JournalRecord> ReadRecordsAsync(ShardId shard, LogPosition after, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public IAsyncEnumerable<JournalRow> ReadRowsAsync(
            ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public IAsyncEnumerable<ShardId> ReadShardsAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

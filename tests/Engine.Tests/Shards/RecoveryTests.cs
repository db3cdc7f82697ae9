using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Tests.Sessions.Storage;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: the next owner finds what the last one answered, each fact once, and refuses a store that is older than it has to be. Method: a shard alone, started
/// again over its store.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public async Task Only_what_came_after_the_checkpoint_is_read_and_it_goes_on_from_there()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob", "carol");
        lone.Send("bob", "1");
        lone.Checkpoint();
        lone.Send("bob", "2");
        for (var crash = 0; crash < 2; crash++)
        {
            lone.Recover();
            Assert.Equal((1L, 1), (lone.Shard.RecoveredFacts, lone.Shard.ResidentCount));
            Assert.Equal(["1", "2"], lone.Outbox("bob"));
        }

        Assert.Equal(3UL, lone.Send("bob", "3"));
        lone.Recover();
        Assert.Equal(["1", "2", "3"], lone.Outbox("bob"));
        Assert.True(lone.IsKnown("carol"));
    }

    [Fact]
    public async Task Facts_that_a_snapshot_has_already_are_not_applied_again()
    {
        await using var lone = LoneShard.Start(change: settings => settings with { Journal = settings.Journal with { SnapshotsPerCommitMax = 1 } });
        lone.Add("a", "b");
        lone.Send("a", "1");
        lone.Send("b", "1");
        var commits = 0;
        lone.Journal.Gate = _ => ++commits == 2 ? throw new EngineException(EngineErrorCode.JournalFull, "no room") : Task.CompletedTask;
        _ = lone.CheckpointLater();
        lone.Run();
        lone.Journal.Gate = null;
        Assert.Single(lone.Rows(RowKind.Peer));
        lone.Recover();
        Assert.Equal(2, lone.Shard.RecoveredFacts);     // of the one without a snapshot: that it was added, and its message
        Assert.Equal(["1"], lone.Outbox("a"));
        Assert.Equal(["1"], lone.Outbox("b"));
    }

    [Fact]
    public async Task Whoever_the_tail_forgets_is_not_there()
    {
        await using var lone = LoneShard.Start();
        lone.Add("stored", "new", "kept");
        lone.Checkpoint();
        lone.Add("newest");
        foreach (var name in new[] { "stored", "newest" })
        {
            _ = lone.Do(name, new PeerCommand.Forget());
            lone.Run();
        }

        lone.Recover();
        Assert.Equal(0, lone.Shard.ResidentCount);
        Assert.All(["stored", "newest"], name => Assert.False(lone.IsKnown(name)));
        Assert.All(["new", "kept"], name => Assert.True(lone.IsKnown(name)));
    }

    [Fact]
    public async Task Those_in_whose_rows_messages_wait_have_their_turn_without_being_asked()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob", "carol", "dave");
        lone.Send("bob", "1");
        lone.Send("bob", "2");
        lone.Send("dave", "1");
        lone.Restart();
        Assert.Equal((true, false, true), (lone.IsResident("bob"), lone.IsResident("carol"), lone.IsResident("dave")));
    }

    [Theory]
    [InlineData(0, 0, false, false)]
    [InlineData(1, 0, false, true)]         // a record more than the store has
    [InlineData(0, 1, false, true)]         // an owner more
    [InlineData(-1, 0, false, false)]
    [InlineData(0, 0, true, true)]          // the same owner, and not it: a copy ran beside it
    public async Task A_store_that_is_older_than_what_is_remembered_of_it_is_refused(int records, int fences, bool isOther, bool isRefused)
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob", "carol");
        lone.Checkpoint();
        var witness = Assert.Single(lone.Witnesses());
        var remembered = witness with
        {
            Position = new LogPosition(witness.Position.Value + records),
            Fence = new Fence(witness.Fence.Value + fences),
            Tenure = isOther ? new byte[32] : witness.Tenure,
        };
        var refused = Record.Exception(() => lone.Recover(remembered));
        Assert.Equal(isRefused ? EngineErrorCode.StoreRolledBack : null, (refused as EngineException)?.Code);
        lone.Recover(witness with { Fence = new Fence(witness.Fence.Value - 1), Tenure = new byte[32] });      // of an owner before: nothing is known of it
        Assert.True(lone.IsKnown("bob"));
    }

    [Fact]
    public async Task A_store_that_a_checkpoint_has_made_restored_says_so_to_each_peer_once()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Checkpoint();
        lone.Recover(generation: 2);
        Assert.Equal(2u, lone.Look("bob", static peer => peer.State.Generation));
        lone.Recover(generation: 2);
        lone.Journal.Commits.Clear();
        Assert.Equal(2u, lone.Look("bob", static peer => peer.State.Generation));
        Assert.Empty(lone.Journal.Commits);
    }

    [Theory]
    [InlineData(BatchRecord.Version, BatchRecord.AuditEntry, null)]
    [InlineData(BatchRecord.Version + 1, BatchRecord.AuditEntry, EngineErrorCode.JournalVersionUnsupported)]
    [InlineData(BatchRecord.Version - 1, BatchRecord.AuditEntry, EngineErrorCode.JournalVersionUnsupported)]
    [InlineData(BatchRecord.Version, 3, EngineErrorCode.JournalVersionUnsupported)]
    [InlineData(BatchRecord.Version, 0, EngineErrorCode.JournalVersionUnsupported)]
    public async Task A_record_of_a_later_version_asks_for_the_version_that_wrote_it(int version, int kind, EngineErrorCode? expected)
    {
        await using var lone = LoneShard.Start();
        lone.Trail.HasSink = true;
        using var recovery = new ShardRecovery(lone.Environment, LoneShard.Id, opener: null!, default);
        var bytes = WithAudit();
        (bytes[0], bytes[17]) = ((byte)version, (byte)kind);
        var failure = Record.Exception(() => lone.Get(async () =>
        {
            await recovery.AddAsync(new OpenedRecord(new LogPosition(9), default, 0, bytes), default).ConfigureAwait(false);
            return true;
        }));
        Assert.Equal(expected, (failure as EngineException)?.Code);
        if (expected is null)
        {
            Assert.Null(failure);
            Assert.Equal([(9L, 0), (9L, 1)], recovery.Audit.Select(found => (found.Position.Value, found.Ordinal)));
        }
        else
        {
            Assert.Contains("record 9", failure!.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Audit_events_are_gathered_only_for_somebody_who_takes_them()
    {
        await using var lone = LoneShard.Start();
        using var recovery = new ShardRecovery(lone.Environment, LoneShard.Id, opener: null!, default);
        lone.Get(async () =>
        {
            await recovery.AddAsync(new OpenedRecord(new LogPosition(9), default, 0, WithAudit()), default).ConfigureAwait(false);
            return true;
        });
        Assert.Empty(recovery.Audit);
        Assert.Empty(recovery.Finish());
    }

    /// <summary>A record of two audit events.</summary>
    private static byte[] WithAudit() => StoredSamples.Written(writer =>
    {
        BatchRecord.Begin(writer, StoredSamples.Salt);
        BatchRecord.AddAudit(writer, StoredSamples.Act);
        BatchRecord.AddAudit(writer, StoredSamples.Act);
    });
}

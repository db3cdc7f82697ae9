namespace Kyberium.Engine.Tests.Engine;

/// <summary>Engines that vanish, stores that are older than they should be, and readers that leave.</summary>
public sealed class CrashTests
{
    [Fact]
    public async Task After_a_crash_volatile_envelopes_are_refused_once_and_durable_ones_come_exactly_once()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await alice.ConnectAsync(bob);
        var shown = await alice.SealAsync(bob, "shown before the crash");
        var unseen = await alice.SealAsync(bob, "on its way");
        Assert.Equal("shown before the crash", await bob.OpenAsync(shown));
        await alice.SendAsync(bob, "handled");
        Assert.Equal(["handled"], await bob.ReceiveAsync(1));
        await alice.SendAsync(bob, "accepted");
        await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).OutboxCount == 0);

        bob.Crash();
        await bob.StartAsync();

        Assert.Equal(EngineErrorCode.EnvelopeRejected, await Party.CodeOfAsync(() => bob.OpenAsync(shown)));
        Assert.Equal(EngineErrorCode.EnvelopeRejected, await Party.CodeOfAsync(() => bob.OpenAsync(unseen)));
        var opened = false;
        await Party.UntilAsync(async () =>
        {
            var next = await alice.SealAsync(bob, "after the notice");
            try
            {
                opened = await bob.OpenAsync(next) == "after the notice";
            }
            catch (EngineException refused)
            {
                Assert.Equal(EngineErrorCode.EnvelopeRejected, refused.Code);
            }

            return opened;
        });
        await alice.SendAsync(bob, "new");
        Assert.Equal(["accepted", "new"], await bob.ReceiveAsync(2));
        await bob.Engine.DisposeAsync();
    }

    [Fact]
    public async Task An_older_copy_is_refused_and_goes_on_only_when_told_to()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _b = bob;
        await alice.SendAsync(bob, "one");
        Assert.Equal(["one"], await bob.ReceiveAsync(1));
        await alice.Engine.CheckpointAsync(Party.Timely);
        var copy = await StoreCopy.OfAsync(alice.Store);
        await alice.SendAsync(bob, "two");
        Assert.Equal(["two"], await bob.ReceiveAsync(1));
        await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).OutboxCount == 0);
        await alice.Engine.DisposeAsync();

        alice.Store = await copy.RestoreAsync();
        alice.Reopen();
        var refused = await Assert.ThrowsAsync<EngineException>(() => alice.StartAsync());
        Assert.Equal(EngineErrorCode.StoreRolledBack, refused.Code);
        Assert.Contains("kyberium restore --accept", refused.Message, StringComparison.Ordinal);

        alice.Reopen();
        await alice.StartAsync(accept: true);
        await alice.SendAsync(bob, "three");
        var received = await bob.ReceiveAsync(1);
        Assert.Equal(["three"], received);
        await alice.RestartAsync();
        await alice.SendAsync(bob, "four");
        Assert.Equal(["four"], await bob.ReceiveAsync(1));
        await alice.Engine.DisposeAsync();
    }

    [Fact]
    public async Task A_reader_that_leaves_gives_back_what_it_was_not_shown()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        for (var i = 0; i < 50; i++)
        {
            await alice.SendAsync(bob, $"m{i}");
        }

        await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).OutboxCount == 0);
        List<string> received = [];
        while (received.Count < 50)
        {
            received.AddRange(await bob.ReceiveAsync(1));       // each reader takes many and is shown one
        }

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"m{i}").Order(StringComparer.Ordinal), received.Order(StringComparer.Ordinal));
    }

    /// <summary>Every row and record of a store, as a backup takes them.</summary>
    private sealed class StoreCopy
    {
        private readonly byte[] _storeId;
        private readonly Dictionary<ShardId, (ShardExtent Extent, List<JournalRecord> Records, List<JournalRow> Rows)> _shards = [];

        private StoreCopy(byte[] storeId) => _storeId = storeId;

        internal static async Task<StoreCopy> OfAsync(InMemoryJournal journal)
        {
            var copy = new StoreCopy(journal.StoreId.ToArray());
            await foreach (var shard in journal.ReadShardsAsync())
            {
                var extent = await journal.ReadExtentAsync(shard);
                List<JournalRecord> records = [];
                await foreach (var record in journal.ReadRecordsAsync(shard, extent.TruncatedThrough))
                {
                    records.Add(record);
                }

                List<JournalRow> rows = [];
                foreach (var kind in Enum.GetValues<RowKind>())
                {
                    await foreach (var row in journal.ReadRowsAsync(shard, kind, default))
                    {
                        rows.Add(row);
                    }
                }

                copy._shards[shard] = (extent, records, rows);
            }

            return copy;
        }

        internal async Task<InMemoryJournal> RestoreAsync()
        {
            var journal = new InMemoryJournal(_storeId);
            foreach (var (shard, (extent, records, rows)) in _shards)
            {
                var fence = default(Fence);
                while (fence.Value < extent.Fence.Value)
                {
                    fence = (await journal.AcquireAsync(shard)).Fence;
                }

                for (var position = 1L; position <= extent.End.Value; position++)
                {
                    await journal.CommitAsync(new JournalCommit
                    {
                        Shard = shard,
                        Fence = fence,
                        Position = new LogPosition(position),
                        Record = records.Find(record => record.Position.Value == position).Bytes,
                    });
                }

                await journal.CommitAsync(new JournalCommit
                {
                    Shard = shard,
                    Fence = fence,
                    Rows = [.. rows.Select(row => new RowChange(row.Key, row.Value))],
                    TruncateThrough = extent.TruncatedThrough,
                });
            }

            return journal;
        }
    }
}

using Kyberium.Engine;

namespace Kyberium.Conformance;

public abstract partial class JournalConformance
{
    public static TheoryData<int> Seeds => [1, 2, 3, Environment.TickCount & int.MaxValue];

    /// <summary>Random commits, good and bad, overlapped, with reopening in between; after each round everything readable equals
    /// the model. The seed is the parameter, so a failure prints it.</summary>
    [Theory, MemberData(nameof(Seeds))]
    public async Task Random_histories_agree_with_a_simple_model(int seed)
    {
        var random = new Random(seed);
        var models = Enumerable.Range(0, 3).ToDictionary(i => new ShardId("model", i), _ => new JournalModel());

        for (var round = 0; round < 25; round++)
        {
            foreach (var (shard, model) in models)
            {
                await RandomTurnAsync(random, shard, model);
            }

            if (random.Next(5) == 0)
            {
                await ReopenAsync();
                foreach (var model in models.Values)
                {
                    model.ExtentWasRead();   // a new instance remembers no failures
                }
            }

            foreach (var (shard, model) in models)
            {
                await AssertAgreesAsync(shard, model, $"seed {seed}, round {round}, shard {shard}");
            }
        }
    }

    private async Task RandomTurnAsync(Random random, ShardId shard, JournalModel model)
    {
        if (model.Fence == 0 || random.Next(6) == 0)
        {
            model.Acquired((await Journal.AcquireAsync(shard)).Fence.Value);
        }
        else if (random.Next(3) == 0)
        {
            await Journal.ReadExtentAsync(shard);
            model.ExtentWasRead();
        }

        var expected = new List<(bool Accepted, Task Outcome)>();
        for (var i = random.Next(1, 8); i > 0; i--)
        {
            var commit = RandomCommit(random, shard, model);
            expected.Add((model.Commit(commit), Journal.CommitAsync(commit).AsTask()));
        }

        foreach (var (accepted, outcome) in expected)
        {
            await outcome.ContinueWith(_ => { }, TaskScheduler.Default);
            Assert.Equal(accepted, outcome.IsCompletedSuccessfully);
        }
    }

    private static JournalCommit RandomCommit(Random random, ShardId shard, JournalModel model)
    {
        var bad = random.Next(20);
        var withRecord = random.Next(4) != 0;
        var record = new byte[random.Next(0, 6_000)];
        random.NextBytes(record);
        return new JournalCommit
        {
            Shard = shard,
            Fence = new Fence(bad == 0 ? model.Fence - 1 : model.Fence),
            Position = new LogPosition(bad == 1 ? model.End + random.Next(2, 4) : model.End + 1),
            Record = withRecord ? record : null,
            Rows = [.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomChange(random))],
            TruncateThrough = random.Next(4) == 0 ? new LogPosition(random.NextInt64(model.End + (bad == 2 ? 5 : 1))) : null,
        };
    }

    private static RowChange RandomChange(Random random)
    {
        var key = new byte[random.Next(3)];
        random.NextBytes(key);
        for (var i = 0; i < key.Length; i++)
        {
            key[i] &= 0x83;   // few distinct keys, so that they meet again
        }

        var value = new byte[random.Next(300)];
        random.NextBytes(value);
        var kind = random.Next(2) == 0 ? RowKind.Peer : RowKind.Outbox;
        return random.Next(3) == 0 ? Delete(kind, key) : Put(kind, key, value);
    }

    private async Task AssertAgreesAsync(ShardId shard, JournalModel model, string where)
    {
        var records = await RecordsAsync(shard);
        Assert.True(model.Records.Keys.SequenceEqual(records.Select(r => r.Position.Value)), $"positions differ: {where}");
        Assert.True(records.All(r => r.Bytes.Span.SequenceEqual(model.Records[r.Position.Value])), $"record bytes differ: {where}");

        var rows = new List<(string, string)>();
        foreach (var kind in new[] { RowKind.Peer, RowKind.Outbox })
        {
            await foreach (var row in Journal.ReadRowsAsync(shard, kind, default))
            {
                rows.Add((JournalModel.RowName(row.Key), Convert.ToHexString(row.Value.Span)));
            }
        }

        Assert.True(model.Rows.Select(r => (r.Key, r.Value)).SequenceEqual(rows), $"rows differ: {where}");
        if (!model.Failed)   // reading the extent would clear the failure that the next round expects
        {
            Assert.Equal(model.Extent, await Journal.ReadExtentAsync(shard));
        }
    }
}

namespace Kyberium.Engine.PostgreSql.Tests;

/// <summary>Goal: the journal keeps nothing in a session, so that PgBouncer may give each transaction another one.</summary>
public sealed class PoolerTests
{
    [Fact]
    public async Task Through_a_pooler_in_transaction_mode_everything_works()
    {
        var server = await PostgresServer.Shared;
        await using var pooler = await PgBouncer.StartAsync(server);
        var schema = "t" + Guid.NewGuid().ToString("N");
        try
        {
            await using var journal = await PostgreSqlJournal.OpenAsync(
                new PostgreSqlJournalOptions { ConnectionString = pooler.ConnectionString, Schema = schema, WriterCount = 4 });
            await Task.WhenAll(Enumerable.Range(0, 16).Select(number => FillAsync(journal, new ShardId("default", number))));
        }
        finally
        {
            await server.ExecuteAsync($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }
    }

    private static async Task FillAsync(PostgreSqlJournal journal, ShardId shard)
    {
        var fence = (await journal.AcquireAsync(shard)).Fence;
        for (var position = 1; position <= 50; position++)
        {
            await journal.CommitAsync(new JournalCommit
            {
                Shard = shard, Fence = fence, Position = new LogPosition(position), Record = BitConverter.GetBytes(position),
                Rows = [new RowChange(new RowKey(RowKind.Shard, default), BitConverter.GetBytes(position))],
                TruncateThrough = position == 40 ? new LogPosition(30) : null,
            });
        }

        Assert.Equal(Enumerable.Range(31, 20), await journal.ReadRecordsAsync(shard, default).Select(record => BitConverter.ToInt32(record.Bytes.Span)).ToListAsync());
        Assert.Equal(BitConverter.GetBytes(50), (await journal.ReadRowAsync(shard, new RowKey(RowKind.Shard, default)))!.Value.ToArray());
    }
}

using Kyberium.Engine.PostgreSql.Tests.Cluster;
using Npgsql;

namespace Kyberium.Engine.PostgreSql.Tests;

/// <summary>Goal: journal and placement keep nothing in a session, so that PgBouncer may give each transaction another one.</summary>
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

    [Fact]
    public async Task Nodes_share_and_move_shards_and_renew_their_leases_through_it()
    {
        var server = await PostgresServer.Shared;
        await using var pooler = await PgBouncer.StartAsync(server);
        await using var cluster = new TestCluster(server);
        var first = await cluster.StartAsync("a", Pooled);
        await cluster.EvenAsync(first);
        var second = await cluster.StartAsync("b", Pooled);
        await cluster.EvenAsync(first, second);
        foreach (var (node, shard) in cluster.Nodes.SelectMany(static node => node.Served.Keys.Select(shard => (node, shard))))
        {
            await node.CommitAsync(shard, node.Served[shard].Fence);
        }

        var until = await LeaseAsync();
        await first.RenewAfterAsync(TestCluster.Lease / 2);
        Assert.True(await LeaseAsync() > until);

        Task<DateTime> LeaseAsync() => cluster.AskAsync<DateTime>("SELECT lease_until FROM {schema}.member WHERE node = 'a'");

        PostgreSqlPlacementOptions Pooled(TestNode node, PostgreSqlPlacementOptions options) => new()
        {
            ConnectionString = new NpgsqlConnectionStringBuilder(pooler.ConnectionString) { ApplicationName = "pooled" }.ConnectionString, Listens = false,
            Schema = options.Schema, ClusterName = options.ClusterName, Node = options.Node, Address = options.Address, Groups = options.Groups,
            LeaseLength = options.LeaseLength, PollInterval = options.PollInterval, TimeProvider = options.TimeProvider, Looked = options.Looked, Rested = options.Rested,
        };
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

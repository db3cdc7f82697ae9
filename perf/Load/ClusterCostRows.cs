using System.Diagnostics;
using Kyberium.Engine;
using Kyberium.Engine.PostgreSql;
using Kyberium.Engine.PostgreSql.Cluster;
using Kyberium.Engine.Sqlite;
using Kyberium.Tests.Support;

namespace Kyberium.Load;

/// <summary>The unit costs from which docs/operating/scale.md works: a plan for many members, what each shard and each identity takes at a node, and what a lease and a look
/// take at the database.</summary>
internal static class ClusterCostRows
{
    private const int AtOnce = 64;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var (shards, members) = options.Quick ? (64, 16) : (4_096, 1_000);
        return
        [
            .. Plans(options, shards, members),
            await IdentitiesAsync(options.Quick ? 20 : 500),
            .. await DatabaseAsync(options, shards, members),
        ];
    }

    private static IEnumerable<Row> Plans(LoadOptions options, int shardCount, int memberCount)
    {
        var facts = new PlacementFacts
        {
            Members = [.. Enumerable.Range(0, memberCount).Select(Member)], Groups = [new ShardGroup(ShardId.DefaultGroup, shardCount)], MovesMax = 8,
        };
        var placed = facts with
        {
            Shards = [.. PlacementPlanner.Plan(facts).Shards.Select(static shard => new PlacedShard(shard.Shard, shard.Node, new Fence(1), shard.Node))],
        };
        var gone = Member(0).Node;
        var lost = placed with
        {
            Members = [.. placed.Members.Where(member => member.Node != gone)],
            Shards = [.. placed.Shards.Select(shard => shard.Owner == gone ? shard with { Owner = null } : shard)],
        };
        if (PlacementPlanner.Plan(placed).MoveCount != 0 || PlacementPlanner.Plan(lost).Shards.Any(static shard => shard.Node is null))
        {
            throw new InvalidOperationException("a plan moves a shard that may stay, or leaves one to nobody");
        }

        return
        [
            new Row($"plan of {shardCount:N0} shards over {memberCount:N0} members: nobody has any yet", Times(options, facts), "ms"),
            new Row("the same: nothing is to be done", Times(options, placed), "ms"),
            new Row("the same: a member was lost", Times(options, lost), "ms"),
        ];
    }

    private static List<double> Times(LoadOptions options, PlacementFacts facts)
    {
        List<double> times = [];
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles
        {
            var began = Stopwatch.GetTimestamp();
            var plan = PlacementPlanner.Plan(facts);
            var time = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            if (round >= 0)
            {
                times.Add(time);
            }

            GC.KeepAlive(plan);
        }

        return times;
    }

    /// <summary>What one more identity takes in memory; the store is on disk.</summary>
    private static async Task<Row> IdentitiesAsync(int count)
    {
        var folder = Directory.CreateTempSubdirectory("kyberium-identities-");
        try
        {
            await using var engine = await SessionEngine.StartAsync(new EngineOptions { DataDirectory = folder.FullName }, new EngineParts
            {
                OpenKeyring = static (_, _) => Task.FromResult<IKeyring>(new InMemoryKeyring()),
            }.UseSqlite());
            await MakeAsync(0, count);      // tables grow in steps: the second half is counted
            var before = Live();
            await MakeAsync(count, count);
            return new Row($"identity with keys of one hybrid suite, {2 * count:N0} of them: memory of each", [(Live() - before) / (double)count], "B");

            async Task MakeAsync(int from, int more)
            {
                for (var number = from; number < from + more; number++)
                {
                    await engine.CreateIdentityAsync(new IdentityName($"identity-{number}"));
                }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<IReadOnlyList<Row>> DatabaseAsync(LoadOptions options, int shardCount, int memberCount)
    {
        await using var server = await PostgresServer.StartAsync();
        await using var store = await ClusterStore.OpenAsync(new PostgreSqlClusterOptions { ConnectionString = server.ConnectionString, Schema = "costs" }, CancellationToken.None);
        await JoinAllAsync(store, server.ConnectionString, memberCount);
        await server.ExecuteAsync($"""
            UPDATE costs.member SET state = 2;
            INSERT INTO costs.shard (name, number, fence, owner, owner_incarnation, changed_in)
                SELECT 'default', s, 1, 'node-' || s % {memberCount}, 1 + s % {memberCount}, pg_current_xact_id() FROM generate_series(0, {shardCount - 1}) AS s;
            INSERT INTO costs.plan (name, number, node, changed_in)
                SELECT 'default', s, 'node-' || s % {memberCount}, pg_current_xact_id() FROM generate_series(0, {shardCount - 1}) AS s;
            """);
        return [.. await LooksAsync(options, store, shardCount, memberCount), .. await LeasesAsync(options, store, server, memberCount)];
    }

    private static async Task JoinAllAsync(ClusterStore store, string database, int memberCount)
    {
        for (var number = 0; number < memberCount; number++)
        {
            var answer = await store.JoinAsync(
                new PostgreSqlPlacementOptions
                {
                    ConnectionString = database, ClusterName = "costs", Node = Member(number).Node, Address = Member(number).Address, LeaseLength = TimeSpan.FromMinutes(10),
                    Groups = [new ShardGroup(ShardId.DefaultGroup, 4_096)],
                },
                0, CancellationToken.None);
            if (answer.Verdict != JoinVerdict.Joined || answer.Incarnation != number + 1)
            {
                throw new InvalidOperationException($"node {number} did not join");
            }
        }
    }

    private static async Task<IReadOnlyList<Row>> LooksAsync(LoadOptions options, ClusterStore store, int shardCount, int memberCount)
    {
        List<double> first = [], next = [];
        List<double> kept = [];
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles
        {
            var before = Live();
            var began = Stopwatch.GetTimestamp();
            var (table, map) = await ReadAsync(store);
            var time = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            var bytes = (Live() - before) / (double)shardCount;
            if (table.Shards.Count != shardCount || map.Owners.Count() != shardCount)
            {
                throw new InvalidOperationException("a look missed a shard");
            }

            began = Stopwatch.GetTimestamp();
            var looks = options.Quick ? 5 : 50;
            for (var look = 0; look < looks; look++)
            {
                table.Apply(await store.ReadAsync(table.ReadFrom, 0, CancellationToken.None));
            }

            if (round >= 0)
            {
                first.Add(time);
                kept.Add(bytes);
                next.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds / looks);
            }

            GC.KeepAlive(map);
        }

        return
        [
            new Row($"first look at {shardCount:N0} shards of {memberCount:N0} members", first, "ms"),
            new Row("the same: owners and plan at a node, memory of each shard", kept, "B"),
            new Row("a look when nothing has changed", next, "ms"),
        ];

        static async Task<(ShardTable Table, ShardMap Map)> ReadAsync(ClusterStore store)
        {
            var table = new ShardTable();
            var reading = await store.ReadAsync(table.ReadFrom, 0, CancellationToken.None);
            table.Apply(reading);
            return (table, table.ToMap(reading.Members));
        }
    }

    private static async Task<IReadOnlyList<Row>> LeasesAsync(LoadOptions options, ClusterStore store, PostgresServer server, int memberCount)
    {
        var count = options.Quick ? 20 : 1_000;
        List<double> alone = [], together = [], log = [];
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles
        {
            var position = await LogPositionAsync(server);
            var began = Stopwatch.GetTimestamp();
            for (var number = 0; number < count; number++)
            {
                await RenewAsync(number);
            }

            var time = Stopwatch.GetElapsedTime(began).TotalMicroseconds / count;
            var written = (await LogPositionAsync(server) - position) / count;
            var rate = await TrafficRows.ConcurrentAsync(4 * count, AtOnce, RenewAsync);
            if (round >= 0)
            {
                alone.Add(time);
                log.Add(written);
                together.Add(rate);
            }
        }

        return
        [
            new Row("a lease renewed, one statement and commit, one after the other", alone, "us"),
            new Row("the same: write-ahead log of each", log, "B"),
            new Row($"leases renewed, {AtOnce} at once", together, "/s"),
        ];

        async Task RenewAsync(int number)
        {
            if (!await store.RenewAsync(Member(number % memberCount).Node, 1 + (number % memberCount), CancellationToken.None))
            {
                throw new InvalidOperationException("a lease was not renewed");
            }
        }
    }

    private static async Task<double> LogPositionAsync(PostgresServer server)
    {
        await using var connection = new Npgsql.NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn", connection);
        return (double)(decimal)(await command.ExecuteScalarAsync())!;
    }

    private static ClusterMember Member(int number) => new(new NodeId($"node-{number}"), MemberState.Up)
    {
        Address = $"https://10.0.{number / 250}.{number % 250}:4054", Incarnation = number + 1,
    };

    private static long Live()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }
}

using System.Globalization;
using Xunit.Abstractions;

namespace Kyberium.Cluster.Tests;

/// <summary>Goal: with real processes and a real database, nodes are killed, paused, stopped and started under durable traffic, and everything arrives once
/// and in order.</summary>
public sealed class ClusterProcessTests(ITestOutputHelper output)
{
    /// <summary>How many faults one run has: the first three are one of each kind, those after them are drawn. <c>tests/Cluster.Tests/run-long.sh</c> sets it.</summary>
    private const string RoundsVariable = "KYBERIUM_CLUSTER_ROUNDS";

    private static readonly string[] Names = ["killed", "paused", "stopped in order"];

    [Fact]
    public async Task Nodes_that_are_killed_paused_and_upgraded_under_traffic_lose_nothing_and_nobody_is_told_no()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable(RoundsVariable) ?? "3", CultureInfo.InvariantCulture);
        var seed = Environment.TickCount;
        var drawn = new Random(seed);
        await using var run = await ClusterRun.StartAsync(await PostgresServer.Shared);
        using var stop = new CancellationTokenSource();
        var traffic = Traffic(run, stop.Token);
        await run.EndLighthousesAsync();        // nodes come back without them
        Func<MemberNode, Task<TimeSpan>>[] faults = [node => KillAsync(run, node), node => PauseAsync(run, node), node => UpgradeAsync(run, node)];
        for (var round = 0; round < rounds; round++)
        {
            var node = run.Nodes[round < run.Nodes.Count ? round : drawn.Next(run.Nodes.Count)];
            var fault = round < faults.Length ? round : drawn.Next(faults.Length);
            output.WriteLine($"{Names[fault]}: the others had its shards after {(await faults[fault](node)).TotalMilliseconds:0} ms");
        }

        await stop.CancelAsync();
        var sent = await Task.WhenAll(traffic);
        Assert.All(sent, static count => Assert.True(count > 10, $"a sender got only {count} messages off"));
        output.WriteLine($"{rounds} faults, seed {seed}: {run.SentCount} messages, the slowest was taken after {run.LongestMillis} ms");
        Assert.Empty(await run.CheckAsync());
    }

    [Fact]
    public async Task A_database_that_goes_away_for_a_while_costs_time_and_no_message()
    {
        await using var database = await PostgresServer.StartAsync();
        await using var run = await ClusterRun.StartAsync(database, nodeCount: 2, lighthouseCount: 1);
        using var stop = new CancellationTokenSource();
        var traffic = Traffic(run, stop.Token);
        await run.StopDatabaseAsync();
        await Task.WhenAny(Task.WhenAll(traffic), Task.Delay(TimeSpan.FromSeconds(4)));      // longer than the lease
        await run.StartDatabaseAsync();
        await run.SpreadAsync([.. run.Nodes]);
        await stop.CancelAsync();
        await Task.WhenAll(traffic);

        Assert.Empty(await run.CheckAsync());
    }

    [Fact]
    public async Task Commands_of_a_cluster_s_node_say_what_they_cannot_do()
    {
        await using var run = await ClusterRun.StartAsync(await PostgresServer.Shared, nodeCount: 1, lighthouseCount: 1);
        var backup = await run.Nodes[0].RunAsync(["backup", Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString())]);
        Assert.Contains("the database's own tools", backup.Error, StringComparison.Ordinal);
        Assert.Equal("default/7", (await run.Nodes[0].SucceedAsync("inspect", "--json")).Output.Split('"').Last(static word => word.StartsWith("default/", StringComparison.Ordinal)));
        await run.Nodes[0].EndAsync("TERM");
        var down = await run.Nodes[0].RunAsync(["peer", "list"]);
        Assert.Contains("node 'n1' of the cluster does not run on this data directory", down.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Path.GetTempPath(), "journal.db")));
    }

    /// <summary>Its shards are served by the others once its lease is over, and it comes back.</summary>
    private static async Task<TimeSpan> KillAsync(ClusterRun run, MemberNode node)
    {
        await node.EndAsync("KILL");
        var took = await run.SpreadAsync([.. run.Nodes.Where(other => other != node)]);
        await node.StartAsync();
        await run.SpreadAsync([.. run.Nodes]);
        return took;
    }

    /// <summary>It stands still past its lease: what it had goes to others, and it takes part again when it goes on.</summary>
    private static async Task<TimeSpan> PauseAsync(ClusterRun run, MemberNode node)
    {
        await node.Process.SignalAsync("STOP");
        var took = await run.SpreadAsync([.. run.Nodes.Where(other => other != node)]);
        await node.Process.SignalAsync("CONT");
        await run.SpreadAsync([.. run.Nodes]);
        return took;
    }

    /// <summary>It hands its shards on, ends, and starts again.</summary>
    private static async Task<TimeSpan> UpgradeAsync(ClusterRun run, MemberNode node)
    {
        await node.EndAsync("TERM");
        var took = await run.SpreadAsync([.. run.Nodes.Where(other => other != node)]);
        await node.StartAsync();
        await run.SpreadAsync([.. run.Nodes]);
        return took;
    }

    /// <summary>Sends to every peer through every node until told to stop; gives how many messages each sender got off.</summary>
    private static List<Task<int>> Traffic(ClusterRun run, CancellationToken stopping) =>
    [
        .. Enumerable.Range(0, 2 * ClusterRun.PeerCount).Select(sequence => Task.Run(
            async () =>
            {
                for (var count = 0; ; count++)
                {
                    if (stopping.IsCancellationRequested)
                    {
                        return count;
                    }

                    await run.SendNextAsync(sequence, run.Nodes[(sequence + count) % run.Nodes.Count]);
                }
            },
            CancellationToken.None)),
    ];
}

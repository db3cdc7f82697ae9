using System.Globalization;
using Kyberium.Cluster.Tests.Network;
using Kyberium.Cluster.Tests.Running;
using Xunit.Abstractions;

namespace Kyberium.Cluster.Tests;

/// <summary>Goal: real processes over a real database and a network that fails, under durable traffic: everything arrives once, in order and under the number its
/// sender was told; no key and nonce are used twice; each fence has one writer; what is planned fails nobody's call.</summary>
public sealed class ClusterProcessTests(ITestOutputHelper output)
{
    /// <summary>How many faults one run has: the first are one of each kind, those after them are drawn. <c>tests/Cluster.Tests/run-long.sh</c> sets these.</summary>
    private const string RoundsVariable = "KYBERIUM_CLUSTER_ROUNDS";
    private const string SeedVariable = "KYBERIUM_CLUSTER_SEED";
    private const string OtherVersionVariable = "KYBERIUM_CLUSTER_OTHER_VERSION";

    /// <summary>A file that gets each line as it is told; the test's own output comes at its end.</summary>
    private const string ReportVariable = "KYBERIUM_CLUSTER_REPORT";

    [Fact]
    public async Task Whatever_happens_to_nodes_network_and_database_messages_arrive_once_and_in_order_and_plans_disturb_nobody()
    {
        var seed = Number(SeedVariable) ?? Environment.TickCount;
        var drawn = new Random(seed);
        await using var run = await ClusterRun.StartAsync(seed, hasSmallDisk: true);
        var faults = new ClusterFaults(run, Environment.GetEnvironmentVariable(OtherVersionVariable) is { Length: > 0 } programs ? programs : null);
        var rounds = Number(RoundsVariable) ?? faults.All.Count;
        Tell($"seed {seed}, {rounds} faults of {faults.All.Count} kinds");
        run.Traffic.Start();
        var problems = new List<string>();
        for (var round = 0; round < rounds; round++)
        {
            var fault = faults.All[round < faults.All.Count ? round : drawn.Next(faults.All.Count)];
            var (told, found) = await faults.RunAsync(fault, run.Nodes[drawn.Next(run.Nodes.Count)]);
            Tell($"{round + 1}: {told}");
            foreach (var problem in found)
            {
                Tell($"problem: {problem}");
                problems.Add(problem);
            }
        }

        problems.AddRange(await run.CheckAsync());
        Tell(run.Figures);
        Assert.Empty(problems);
    }

    [Fact]
    public async Task A_database_that_goes_away_for_longer_than_a_lease_costs_time_and_no_message()
    {
        await using var run = await ClusterRun.StartAsync(nodeCount: 2, lighthouseCount: 1);
        run.Traffic.Start();
        int[] said = [.. run.Nodes.Select(static node => node.Process.Log.Count)];
        await run.StopDatabaseAsync();
        await Task.WhenAll(run.Nodes.Select((node, place) => node.Process.Log.SaidAsync("[1201]", said[place])));
        await run.StartDatabaseAsync();
        await run.SpreadAsync(run.Nodes);
        await run.Traffic.FlowsAsync();
        Assert.Empty(await run.CheckAsync());
    }

    [Fact]
    public async Task Commands_of_a_cluster_s_node_say_what_they_cannot_do()
    {
        await using var run = await ClusterRun.StartAsync(nodeCount: 1, lighthouseCount: 1);
        var backup = await run.Nodes[0].RunAsync(["backup", Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString())]);
        Assert.Contains("the database's own tools", backup.Error, StringComparison.Ordinal);
        Assert.Equal("default/7", (await run.Nodes[0].SucceedAsync("inspect", "--json")).Output.Split('"').Last(static word => word.StartsWith("default/", StringComparison.Ordinal)));
        await run.Nodes[0].EndAsync("TERM");
        var down = await run.Nodes[0].RunAsync(["peer", "list"]);
        Assert.Contains("node 'n1' of the cluster does not run on this data directory", down.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Path.GetTempPath(), "journal.db")));
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    private void Tell(string text)
    {
        var line = $"{DateTime.UtcNow:HH:mm:ss} {text}";
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable(ReportVariable) is { Length: > 0 } report)
        {
            File.AppendAllLines(report, [line]);
        }
    }
}

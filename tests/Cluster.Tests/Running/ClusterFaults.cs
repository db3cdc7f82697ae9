using System.Diagnostics;
using System.Globalization;
using Kyberium.Cluster.Tests.Network;

namespace Kyberium.Cluster.Tests.Running;

/// <summary>One thing that can happen to a cluster.</summary>
/// <param name="Name">What.</param>
/// <param name="IsPlanned">Whether an operator does it on purpose, so that nobody may be told no meanwhile but by a node that is being stopped.</param>
/// <param name="RunAsync">Does it, waits until the cluster goes on, and undoes it; gives what there is to say about it.</param>
internal sealed record ClusterFault(string Name, bool IsPlanned, Func<MemberNode, Task<string>> RunAsync);

/// <summary>Everything that happens to a cluster in a run.</summary>
/// <param name="run">The cluster.</param>
/// <param name="otherPrograms">A folder with the programs in another version; null: there is none.</param>
internal sealed class ClusterFaults(ClusterRun run, string? otherPrograms = null)
{
    private static readonly TimeSpan FlapPeriod = TimeSpan.FromMilliseconds(700);

    /// <summary>How many calls have to end at a node that is cut off from another.</summary>
    private const int SeenAtCutNode = 6;

    private readonly HashSet<string> _upgraded = [];

    /// <summary>Gets every kind there is in this run.</summary>
    internal IReadOnlyList<ClusterFault> All =>
    [
        new("killed", false, KillAsync),
        new("paused", false, PauseAsync),
        new("stopped in order", true, RestartAsync),
        new("cut off from the database", false, CutFromDatabaseAsync),
        new("cut off from another node", false, node => CutFromNodeAsync(node, bothWays: true)),
        new("not heard by another node", false, node => CutFromNodeAsync(node, bothWays: false)),
        new("flapping", false, FlapAsync),
        new("losing and delaying packets", false, RoughAsync),
        new("replaced by a new node", true, ReplaceAsync),
        new("without Lighthouses", true, WithoutLighthousesAsync),
        new("with a database that crashed", false, _ => CrashDatabaseAsync()),
        .. run.HasDisk ? [new ClusterFault("with a full table space", false, _ => FillAsync())] : Array.Empty<ClusterFault>(),
        .. otherPrograms is not null ? [new ClusterFault("running another version", true, OtherVersionAsync)] : Array.Empty<ClusterFault>(),
    ];

    /// <summary>Makes one happen, and looks whether a planned one was noticed by anybody.</summary>
    internal async Task<(string Told, IReadOnlyList<string> Problems)> RunAsync(ClusterFault fault, MemberNode node)
    {
        var began = Stopwatch.GetTimestamp();
        var told = await fault.RunAsync(node);
        var ended = Stopwatch.GetTimestamp();
        await run.Traffic.AllFlowAsync();
        await run.Traffic.CollectAsync();
        var within = run.Traffic.Attempts.Where(attempt => attempt.Began >= began && attempt.Began <= ended).ToLookup(attempt => attempt.Node == node.Name);
        var (there, elsewhere) = (within[true].MaxBy(static attempt => attempt.Took), within[false].MaxBy(static attempt => attempt.Took));
        string[] noticed = fault.IsPlanned
            ? [.. within[false].Where(static attempt => attempt.Failure is not null).Select(attempt => $"{fault.Name}: {node.Name} was, and yet {attempt}")]
            : [];
        return (string.Create(
            CultureInfo.InvariantCulture,
            $"{node.Name} was {fault.Name}: {told}; {Stopwatch.GetElapsedTime(began, ended).TotalSeconds:0.0} s in all; the slowest call elsewhere was {elsewhere}, there {there}"), noticed);
    }

    private IReadOnlyList<MemberNode> OthersThan(MemberNode node) => [.. run.Nodes.Where(other => other != node)];

    private async Task<string> KillAsync(MemberNode node)
    {
        await node.EndAsync("KILL");
        var took = await run.SpreadAsync(OthersThan(node));
        await StartAgainAsync(node);
        return Taken(took);
    }

    private async Task<string> PauseAsync(MemberNode node)
    {
        await node.Process.SignalAsync("STOP");
        var took = await run.SpreadAsync(OthersThan(node));
        await node.Process.SignalAsync("CONT");
        await run.SpreadAsync(run.Nodes);
        return Taken(took);
    }

    private async Task<string> RestartAsync(MemberNode node)
    {
        await node.EndAsync("TERM");
        var took = await run.SpreadAsync(OthersThan(node));
        await StartAgainAsync(node);
        return Taken(took);
    }

    /// <summary>It stops its shards by itself, by its own clock; the others take them; it takes part again when it can. What it says comes later than what it does
    /// when the machine is busy, so the time is told and not judged: that nothing was written later is what the journal's witness judges.</summary>
    private async Task<string> CutFromDatabaseAsync(MemberNode node)
    {
        var said = node.Process.Log.Count;
        run.Network.SetBoth(node.Station, run.DatabaseStation, Weather.Cut);
        var stopped = await node.Process.Log.SaidAsync("[1201]", said);
        var promised = await run.AskAsync<DateTime>($"SELECT lease_until FROM {ClusterPlan.Schema}.member WHERE node = '{node.Name}'");
        var left = promised - DateTime.Parse(stopped.Split(' ')[0], CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
        var took = await run.SpreadAsync(OthersThan(node));
        run.Network.Heal();
        await run.SpreadAsync(run.Nodes);
        return $"{Taken(took)}, and it had said that it stopped {left.TotalMilliseconds:0} ms before its lease ended";
    }

    /// <summary>Both have the database, so nothing moves; who is asked for what the other has cannot ask it, and callers go to the third.</summary>
    private async Task<string> CutFromNodeAsync(MemberNode node, bool bothWays)
    {
        var other = OthersThan(node)[0];
        run.Network.Set(node.Station, other.Station, Weather.Cut);
        if (bothWays)
        {
            run.Network.Set(other.Station, node.Station, Weather.Cut);
        }

        await Task.WhenAll(
            run.Traffic.FlowsAsync(),
            run.Traffic.SeenAsync(SeenAtCutNode, attempt => attempt.Node == node.Name),
            run.Traffic.SeenAsync(SeenAtCutNode, attempt => attempt.Node == other.Name));
        run.Network.Heal();
        await run.Traffic.FlowsAsync();
        await run.SpreadAsync(run.Nodes);
        return $"{other.Name} was the other";
    }

    private async Task<string> FlapAsync(MemberNode node)
    {
        foreach (var other in OthersThan(node).Select(static node => node.Station).Append(run.DatabaseStation).Append(run.OutsideStation))
        {
            run.Network.SetBoth(node.Station, other, Weather.Cut with { FlapPeriod = FlapPeriod });
        }

        await run.Traffic.FlowsAsync(100);
        run.Network.Heal();
        await run.SpreadAsync(run.Nodes);
        await run.Traffic.FlowsAsync();
        return "100 messages meanwhile";
    }

    private async Task<string> RoughAsync(MemberNode node)
    {
        Station[] all = [.. run.Nodes.Select(static node => node.Station), run.DatabaseStation, run.OutsideStation];
        foreach (var from in all)
        {
            foreach (var to in all)
            {
                run.Network.Set(from, to, Weather.Rough);
            }
        }

        await run.Traffic.FlowsAsync(60);
        run.Network.Heal();
        await run.SpreadAsync(run.Nodes);
        await run.Traffic.FlowsAsync();
        return "all links were, for 60 messages";
    }

    private async Task<string> ReplaceAsync(MemberNode node)
    {
        var added = await run.AddNodeAsync();
        var joined = await run.SpreadAsync(run.Nodes);
        await run.RemoveNodeAsync(node);
        var left = await run.SpreadAsync(run.Nodes);
        return $"{added.Name} had shards after {joined.TotalMilliseconds:0} ms, it had none after {left.TotalMilliseconds:0} ms";
    }

    /// <summary>Nodes renew and plan without them; also one that restarts.</summary>
    private async Task<string> WithoutLighthousesAsync(MemberNode node)
    {
        await run.EndLighthousesAsync();
        var told = await RestartAsync(node);
        await run.StartLighthousesAsync();
        await run.Traffic.FlowsAsync();
        return told;
    }

    private async Task<string> CrashDatabaseAsync()
    {
        await run.StopDatabaseAsync("QUIT");
        await run.StartDatabaseAsync();
        await run.Traffic.FlowsAsync();
        await run.SpreadAsync(run.Nodes);
        return "its log was recovered";
    }

    private async Task<string> FillAsync()
    {
        await run.Disk.FillAsync();
        run.Traffic.Padding = 60_000;       // what has room in free pages is taken still
        await run.Traffic.SeenAsync(1, static attempt => attempt.Failure?.StartsWith("KY3", StringComparison.Ordinal) == true);
        run.Traffic.Padding = 0;
        run.Disk.Free();
        await run.SpreadAsync(run.Nodes);
        await run.Traffic.FlowsAsync();
        return "a caller was told to try again";
    }

    private async Task<string> OtherVersionAsync(MemberNode node)
    {
        if (!_upgraded.Remove(node.Name))
        {
            _upgraded.Add(node.Name);
        }

        var told = await RestartAsync(node);
        return $"{told}, now as {await run.AskAsync<string>($"SELECT version FROM {ClusterPlan.Schema}.member WHERE node = '{node.Name}'")}";
    }

    private async Task StartAgainAsync(MemberNode node)
    {
        await node.StartAsync(_upgraded.Contains(node.Name) ? otherPrograms : null);
        await run.SpreadAsync(run.Nodes);
    }

    private static string Taken(TimeSpan took) => string.Create(CultureInfo.InvariantCulture, $"the others had its shards after {took.TotalMilliseconds:0} ms");
}

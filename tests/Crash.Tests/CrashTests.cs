namespace Kyberium.Crash.Tests;

/// <summary>The short form of tests/Crash/run-long.sh.</summary>
public sealed class CrashTests : IDisposable
{
    private const int Kills = 12;

    private readonly string _folder = Directory.CreateTempSubdirectory("kyberium-crash-").FullName;

    /// <summary>Goal: whatever a node is about when it is killed, every durable message arrives once, in order and unchanged. Method: two
    /// processes with traffic both ways; each life ends by SIGKILL at a step chosen before: twice at each kind.</summary>
    [Fact]
    public async Task Nothing_is_lost_repeated_or_moved_by_kill_9_at_any_step()
    {
        var log = new StringWriter();
        var report = await new CrashRun(_folder, Kills, seed: 7, log).RunAsync();
        Assert.True(report.Problems.Count == 0, string.Join('\n', report.Problems) + '\n' + log);
        Assert.Equal(Kills, report.Kills);
        Assert.Equal(report.Sent, report.Received);
        Assert.True(report.Received >= 2 * 48, $"only {report.Received} messages in all");
        Assert.All(Enum.GetValues<StepKind>(), kind => Assert.True(report.HitsOf(kind) > 0, $"no kill at {kind}\n{log}"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

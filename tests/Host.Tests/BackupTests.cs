using System.Globalization;
using System.Text.Json;

namespace Kyberium.Host.Tests;

/// <summary>Goal: a backup taken while messages are accepted can be gone on from, and only by saying so.</summary>
public sealed class BackupTests
{
    private const int Lines = 400;

    [Fact]
    public async Task A_backup_taken_under_traffic_is_refused_elsewhere_until_it_is_accepted_and_then_delivers()
    {
        using var alice = await ScratchNode.CreateAsync();
        using var bob = await ScratchNode.CreateAsync();
        var (backup, elsewhere) = (Path.Combine(alice.Root, "backup.db"), Path.Combine(alice.Root, "elsewhere"));
        await using (await ServingNode.StartAsync(alice))
        {
            await alice.SucceedAsync("peer", "add", "bob", bob.Document);
            await alice.SucceedAsync("send", "bob", "before");
            var sending = alice.RunAsync(
                ["send", "bob"], string.Concat(Enumerable.Range(0, Lines).Select(line => string.Create(CultureInfo.InvariantCulture, $"line {line}\n"))));
            await alice.SucceedAsync("backup", backup);
            Assert.Equal(0, (await sending).ExitCode);
            await alice.SucceedAsync("send", "bob", "after");
        }

        string[] copy = alice.Location(elsewhere);
        Assert.Equal(0, (await ScratchNode.RunBareAsync(["restore", backup, .. copy])).ExitCode);
        var refused = await ScratchNode.RunBareAsync(["peer", "list", .. copy]);
        Assert.Equal(70, refused.ExitCode);
        Assert.StartsWith("KY4005: ", refused.Error, StringComparison.Ordinal);
        Assert.Contains("run 'kyberium restore --accept' on it", refused.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await ScratchNode.RunBareAsync(["restore", "--accept", .. copy])).ExitCode);

        var waiting = JsonDocument.Parse((await ScratchNode.RunBareAsync(["peer", "show", "bob", "--json", .. copy])).Output)
            .RootElement.GetProperty("outboxCount").GetInt32();
        Assert.InRange(waiting, 1, Lines + 1);      // "before" at least; never "after"

        const string AnyPort = "kyberium.host.listen=http://127.0.0.1:0";
        await using var bobServes = await ServingNode.StartAsync(bob, "--set", AnyPort);
        Assert.Equal(0, (await ScratchNode.RunBareAsync(["peer", "address", "bob", bobServes.Address, .. copy])).ExitCode);
        using var copyServes = await KyberiumProcess.ServeAtAsync(ProcessPlace.Here, [.. copy, "--set", AnyPort]);
        await bob.SucceedAsync("peer", "add", "alice", alice.Document, "--address", copyServes.Address);
        var received = (await bob.SucceedAsync("receive", "--count", waiting.ToString(CultureInfo.InvariantCulture))).Output.TrimEnd().Split('\n');
        Assert.Equal(["before", .. Enumerable.Range(0, waiting - 1).Select(line => $"line {line}")], received.Select(line => line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..]));
    }
}

using System.Text.Json;

namespace Kyberium.Host.Tests;

/// <summary>Commands on a stopped node, and the same commands beside a running one.</summary>
public sealed class CommandTests
{
    [Theory, InlineData(false), InlineData(true)]
    public async Task Identities_are_created_listed_and_rotated(bool serving)
    {
        using var node = await ScratchNode.CreateAsync();
        await using var running = serving ? await ServingNode.StartAsync(node) : null;

        await node.SucceedAsync("identity", "create", "second", "--suite", "MLKEM1024P384");
        var rotated = Json(await node.SucceedAsync("identity", "rotate", "--json"));
        var finished = Json(await node.SucceedAsync("identity", "rotate", "--finish", "--json"));
        var names = Json(await node.SucceedAsync("identity", "list", "--json")).GetProperty("identities").EnumerateArray()
            .Select(identity => identity.GetProperty("name").GetString());

        Assert.Equal(["default", "second"], names);
        Assert.NotEqual(rotated.GetProperty("fingerprint").GetString(), rotated.GetProperty("previousFingerprint").GetString());
        Assert.Equal(rotated.GetProperty("fingerprint").GetString(), finished.GetProperty("fingerprint").GetString());
        Assert.False(finished.TryGetProperty("previousFingerprint", out _));
        await node.FailsAsync(1, 1006, "identity", "create");
        await node.FailsAsync(1, 1005, "identity", "show", "nobody");
        await node.FailsAsync(64, 1015, "identity", "create", "no/name");
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Peers_are_pinned_shown_suspended_and_forgotten(bool serving)
    {
        using var node = await ScratchNode.CreateAsync();
        using var other = await ScratchNode.CreateAsync();
        await using var running = serving ? await ServingNode.StartAsync(node) : null;
        var fingerprint = (await other.SucceedAsync("identity", "show", "--fingerprint")).Output.Trim();

        await node.FailsAsync(1, 1007, "peer", "add", "bob", other.Document, "--fingerprint", new string('0', 96));
        await node.SucceedAsync("peer", "add", "bob", other.Document, "--fingerprint", fingerprint, "--address", "http://127.0.0.1:1");
        await node.FailsAsync(1, 1003, "peer", "add", "bob", other.Document);
        Assert.Equal("default  bob\n", (await node.SucceedAsync("peer", "list")).Output);
        var addresses = Json(await node.SucceedAsync("peer", "address", "bob", "http://a:1", "http://b:2", "--json")).GetProperty("addresses");
        Assert.Equal(["http://a:1", "http://b:2"], addresses.EnumerateArray().Select(address => address.GetString()!));
        Assert.Equal("suspended", Json(await node.SucceedAsync("peer", "suspend", "bob", "--json")).GetProperty("status").GetString());
        await node.FailsAsync(1, 1004, "send", "bob", "while suspended");
        Assert.Equal("active", Json(await node.SucceedAsync("peer", "resume", "bob", "--json")).GetProperty("status").GetString());
        await node.SucceedAsync("peer", "release", "bob");
        await node.SucceedAsync("peer", "reset-stream", "bob", "--outgoing");
        await node.SucceedAsync("peer", "remove", "bob");
        await node.FailsAsync(1, 1002, "peer", "show", "bob");
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Messages_are_journaled_from_argument_file_and_lines(bool serving)
    {
        using var node = await ScratchNode.CreateAsync();
        using var other = await ScratchNode.CreateAsync();
        await using var running = serving ? await ServingNode.StartAsync(node) : null;
        await node.SucceedAsync("peer", "add", "bob", other.Document);
        var file = Path.Combine(node.Root, "payload");
        await File.WriteAllBytesAsync(file, [0, 1, 2]);
        var operation = Guid.NewGuid().ToString();

        var first = await node.SucceedAsync("send", "bob", "one", "--operation", operation);
        var again = await node.SucceedAsync("send", "bob", "one", "--operation", operation);
        await node.SucceedAsync("send", "bob", "--file", file);
        var lines = await node.RunAsync(["send", "bob"], "three\r\nfour\n\nsix");

        Assert.Equal(first.Output, again.Output);
        Assert.Equal("message 3 to bob\nmessage 4 to bob\nmessage 5 to bob\nmessage 6 to bob\n", lines.Output);
        Assert.Equal(6, Json(await node.SucceedAsync("peer", "show", "bob", "--json")).GetProperty("outboxCount").GetInt32());
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_store_is_described_checkpointed_verified_and_backed_up(bool serving)
    {
        using var node = await ScratchNode.CreateAsync();
        await using var running = serving ? await ServingNode.StartAsync(node) : null;
        var copy = Path.Combine(node.Root, "copy.db");

        await node.SucceedAsync("checkpoint");
        await node.SucceedAsync("backup", copy);
        await node.FailsAsync(64, 1015, "backup", copy);
        var store = Json(await node.SucceedAsync("inspect", "--verify", "--json"));

        Assert.True(new FileInfo(copy).Length > 4_096);
        Assert.Equal(5, store.GetProperty("shards").GetArrayLength());
        Assert.True(store.GetProperty("verification").GetProperty("withKeys").GetBoolean());
        Assert.Equal(0, store.GetProperty("verification").GetProperty("findings").GetArrayLength());
        Assert.True(store.GetProperty("verification").GetProperty("recordCount").GetInt64() + store.GetProperty("verification").GetProperty("rowCount").GetInt64() > 0);
    }

    [Fact]
    public async Task Messages_travel_between_two_nodes_and_are_set_aside_when_handling_them_fails()
    {
        using var alice = await ScratchNode.CreateAsync();
        using var bob = await ScratchNode.CreateAsync();
        await using var bobServes = await ServingNode.StartAsync(bob, "--set", "kyberium.host.listen=http://127.0.0.1:0");
        await using var aliceServes = await ServingNode.StartAsync(alice, "--set", "kyberium.host.listen=http://127.0.0.1:0");
        await alice.SucceedAsync("peer", "add", "bob", bob.Document, "--address", bobServes.Address);
        await bob.SucceedAsync("peer", "add", "alice", alice.Document, "--address", aliceServes.Address);

        await alice.SucceedAsync("connect", "bob");
        await alice.RunAsync(["send", "bob"], "first\nsecond \u001b[2J\nthird\n");

        Assert.Equal("alice 1: first\n", (await bob.SucceedAsync("receive", "--count", "1")).Output);
        Assert.Equal("alice 2: second \\x1b[2J\nalice 3: third\n", (await bob.SucceedAsync("receive", "--count", "2")).Output);
        Assert.Equal("", (await bob.SucceedAsync("receive")).Output);
        await alice.SucceedAsync("send", "bob", "poison");
        await bob.SucceedAsync("receive", "--reject", "--count", "5");
        Assert.Contains("alice 4", (await bob.SucceedAsync("dead-letters", "list", "alice")).Output, StringComparison.Ordinal);
        Assert.Equal("alice 4: poison\n", (await bob.SucceedAsync("dead-letters", "show", "alice", "4")).Output);
        await bob.SucceedAsync("dead-letters", "retry", "alice", "4");
        Assert.Equal("alice 4: poison\n", (await bob.SucceedAsync("receive", "--count", "1")).Output);
        await bob.FailsAsync(1, 1010, "dead-letters", "drop", "alice", "4");
        await alice.SucceedAsync("rekey", "bob");
        await alice.SucceedAsync("close", "bob");
    }

    private static JsonElement Json(Outcome outcome) => JsonDocument.Parse(outcome.Output).RootElement;
}

namespace Kyberium.Samples.Tests;

/// <summary>Goal: the program that measures never rots. Method: its quick form runs whole; it fails when a result is wrong or a message
/// allocates more than its bound. Nothing here looks at time.</summary>
public sealed class LoadProgramTests
{
    private static readonly string[] Providers = ["platform", "auto"];
    private static readonly string[] Backends = ["best", "scalar"];
    private static readonly string[] KemCalls = ["keygen", "encaps, key imported for it", "encaps, key imported before", "decaps"];
    private static readonly string[] Suites = ["MLKem768P256", "MLKem1024P384", "MLKem512", "MLKem768", "MLKem1024"];
    private static readonly string[] Awaited = ["bare calls, answered", "awaited seals and opens into the caller's memory, answered", "awaited seals and opens into arrays of their own, answered"];
    private static readonly string[] HandshakeRows = ["bare KEM and ECDH calls", "handshake, both sides", "handshakes a second"];

    [Fact]
    public async Task The_quick_form_of_the_load_program_runs_every_row_within_its_bounds()
    {
        var lines = await BuiltProgram.RunAsync("perf/Load", "Kyberium.Load", Path.GetTempPath(), "--quick", "--aead", string.Join(',', Providers));

        // Two calls, five sizes, one and two threads; a row more for each width of products this processor has.
        var sizes = lines.Where(line => line.StartsWith("bare seal, ", StringComparison.Ordinal) || line.StartsWith("bare open, ", StringComparison.Ordinal)).ToList();
        Assert.True(sizes.Count >= 20 && sizes.Count % 20 == 0, $"{sizes.Count} rows of bare ciphers");

        // The machine and the heads of the columns stand before the rows; a remark with the time it took stands behind each group.
        var rows = lines.Where(line => !sizes.Contains(line) && !line.StartsWith('#')).ToArray()[2..];
        var expected = Expected().ToArray();
        Assert.All(expected.Zip(rows), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
        Assert.Equal(expected.Length, rows.Length);
    }

    [Theory]
    [InlineData("--rows", "send,nothing")]
    [InlineData("--peers")]
    [InlineData("--slow")]
    public async Task What_the_load_program_does_not_know_it_names_and_measures_nothing(params string[] arguments)
    {
        var (code, errors) = await BuiltProgram.FailAsync("perf/Load", "Kyberium.Load", Path.GetTempPath(), arguments);

        Assert.Equal(2, code);
        Assert.Contains(arguments[^1].Split(',')[^1], errors, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Expected() =>
    [
        .. Backends.SelectMany(backend => KemCalls.Select(call => $"ML-KEM-768 {call}, {backend}")),
        .. Suites.SelectMany(suite => HandshakeRows.Select(row => $"{suite}: {row}")),
        "MLKem768P256: handshakes through two engines", "MLKem768: handshakes through two engines",
        "secret of 64 B made", "secret of 256 B made", "secret of 1568 B made",
        "peer added, 1 identities", "the same: rate", "peer added, 100 identities", "the same: rate",
        .. Providers.SelectMany(provider => Of(provider, "two peers that know each other", "session made, both sides", "the same, the last fifth")),
        .. Providers.SelectMany(Traffic), "allocated by TrySeal and TryOpen", "allocated by SealAsync and OpenAsync",
        .. Providers.SelectMany(provider => (string[])["turns of bare AES-GCM", .. Of(provider, "turns of the bare provider", "turns of sealing through a pipeline", "turns of opening through a pipeline")]),
        .. Providers.SelectMany(provider => Awaited.SelectMany(row => (string[])[$"{provider}: {row}", "the same: 50th", "the same: 99th", "the same: 99.9th", "the same: all threads stopped by the collector"])),
        "auto: seal of 256 B from 20 concurrent callers", "ASP.NET Core Data Protection: protect", "ASP.NET Core Data Protection: unprotect", "SslStream", "bare actor",
        "SQLite alone", .. Providers.SelectMany(provider => Of(provider, "durable send, sender alone", "processor time of each", "allocated by each")),
        "PostgreSQL alone", "PostgreSQL: the journal's commits", .. Providers.SelectMany(provider => Of(provider, "durable send, PostgreSQL, sender alone", "processor time of each")),
        .. Providers.SelectMany(provider => Of(
            provider, "durable sends answered at half load", "50th percentile", "99th percentile", "99.9th percentile", "99th percentile of SQLite alone", "99th percentile against")),
        "durable send until journalled", "the same until received and acknowledged", "processor time of each, both engines", "allocated by a durable message",
        "burst: answered", "burst: offered", "burst: full outboxes", "burst: memory", "burst: 99th percentile",
        .. Providers.SelectMany(provider => Of(provider, "resident peer without a session", "resident idle peer", "the same with a keyed cipher", "what that cipher adds")),
        "handshakes with one engine", "resident peer of one identity", "resident idle peer of one identity, read from the store",
        "first touch of a cold peer: median", "first touch of a cold peer: 99th", "first seal to a cold peer, keys", "first seal to a cold peer: 99th", "peers in memory",
        .. Providers.SelectMany(provider => Of(provider, "recovery of 500 messages", "processor time of each", "start and stop over an empty store")),
        "ready over 30 stored peers", "ready over 30 stored peers", "peers added to two engines",
        "SslStream: frames of 64", "forwarded batches of 64", "processor time of each frame", "processor time of each batch", "the same: 50th percentile of a batch", "the same: 99th percentile of a batch",
        "forwarded requests, awaited one by one", "forwarded request with nothing else under way: 50th percentile", "the same: 99th percentile",
        "1 node: durable sends", "processor time of each, all nodes", "2 nodes: durable sends", "processor time of each, all nodes",
        "a peer looked at where its shard is", "the same through a node that has not the shard", "one at a time, where the shard is: 50th percentile",
        "the same: 99th percentile", "one at a time, through a node that has not the shard: 50th percentile", "the same: 99th percentile",
        "nodes stopped and started in turn", "the same: 99th percentile of all calls meanwhile", "the same: a node's handing on of its shards",
        "plan of 64 shards over 16 members: nobody has any yet", "the same: nothing is to be done", "the same: a member was lost", "identity with keys of one hybrid suite",
        "first look at 64 shards of 16 members", "the same: owners and plan at a node", "a look when nothing has changed",
        "a lease renewed", "the same: write-ahead log", "leases renewed, 64 at once",
    ];

    private static IEnumerable<string> Traffic(string provider) =>
    [
        "bare AES-GCM, 256 B", "the same on two threads",
        .. Of(
            provider, "bare provider with header", "seal, awaited one by one", "open, awaited one by one", "seal through one pipeline", "open through one pipeline",
            "seal through two pipelines", "open through two pipelines", "seal from 20 concurrent callers"),
    ];

    private static IEnumerable<string> Of(string provider, params string[] rows) => rows.Select(row => $"{provider}: {row}");
}

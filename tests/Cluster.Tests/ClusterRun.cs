using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Kyberium.Engine;

namespace Kyberium.Cluster.Tests;

/// <summary>A cluster of real processes over a real database, and a party outside that gets its messages: each sender's, by peer, in order.</summary>
internal sealed class ClusterRun : IAsyncDisposable
{
    internal const int PeerCount = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly PostgresServer _database;
    private readonly string _schema = "c" + Guid.NewGuid().ToString("N");
    private readonly string _root = Directory.CreateTempSubdirectory("kyberium-cluster-").FullName;
    private readonly ConcurrentDictionary<int, int> _next = new();
    private readonly ConcurrentDictionary<string, ulong> _numbers = new();
    private readonly NumberHistory _history = new();
    private readonly List<MemberNode> _nodes = [];
    private readonly List<LighthouseProcess> _lighthouses = [];
    private ScratchNode _outside = null!;
    private KyberiumProcess _outsideProcess = null!;

    private ClusterRun(PostgresServer database) => _database = database;

    internal IReadOnlyList<MemberNode> Nodes => _nodes;

    /// <summary>Gets how long the slowest message took until a node had taken it, about.</summary>
    internal long LongestMillis { get; private set; }

    /// <summary>Gets how many messages were taken.</summary>
    internal int SentCount => _numbers.Count;

    private string Authority => Path.Combine(_root, "authority");

    /// <summary>Starts Lighthouses, nodes and the party outside, and has them know each other.</summary>
    internal static async Task<ClusterRun> StartAsync(PostgresServer database, int nodeCount = 3, int lighthouseCount = 2)
    {
        var run = new ClusterRun(database);
        try
        {
            await run.BeginAsync(nodeCount, lighthouseCount);
            return run;
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends the next message of a sequence to its peer, under one operation through one node after the other until one has taken it.</summary>
    internal async Task SendNextAsync(int sequence, MemberNode first)
    {
        var number = _next.AddOrUpdate(sequence, 0, static (_, last) => last + 1);
        var operation = Guid.NewGuid().ToString();
        var began = Stopwatch.GetTimestamp();
        for (var place = _nodes.IndexOf(first); ; place++)
        {
            var node = _nodes[place % _nodes.Count];
            var outcome = await node.RunAsync(["send", Peer(sequence), Text(sequence, number), "--operation", operation, "--json"]);
            if (outcome.ExitCode == 0)
            {
                var got = JsonDocument.Parse(outcome.Output).RootElement.GetProperty("number").GetUInt64();
                _history.Add(Peer(sequence), began, Stopwatch.GetTimestamp(), got);
                _numbers[Text(sequence, number)] = got;
                LongestMillis = Math.Max(LongestMillis, (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                return;
            }

            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"no node took a message within {Patience}: {outcome.Error}");
        }
    }

    /// <summary>Stops the outside party's waiting when everything that was sent is there; gives what is wrong with it.</summary>
    internal async Task<List<string>> CheckAsync()
    {
        var count = _next.Values.Sum(static last => last + 1);
        var received = await _outside.RunAsync(["receive", "--count", count.ToString(CultureInfo.InvariantCulture), "--json"]);
        Assert.True(received.ExitCode == 0, received.Error);
        var problems = new List<string>(_history.FindViolations());
        var expected = new Dictionary<int, int>();
        foreach (var line in received.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var message = JsonDocument.Parse(line).RootElement;
            var text = System.Text.Encoding.UTF8.GetString(message.GetProperty("payload").GetBytesFromBase64());
            var sequence = int.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture);
            var next = expected.GetValueOrDefault(sequence);
            if (text != Text(sequence, next) || message.GetProperty("identity").GetString() != Peer(sequence))
            {
                problems.Add($"'{text}' came where '{Text(sequence, next)}' was to come");
            }

            if (_numbers[text] is var told and not 0 && told != message.GetProperty("number").GetUInt64())
            {
                problems.Add($"'{text}' has another number than its sender was told, {told}");
            }

            expected[sequence] = next + 1;
        }

        problems.AddRange(_next.Where(entry => expected.GetValueOrDefault(entry.Key) != entry.Value + 1)
            .Select(entry => $"of sequence {entry.Key} came {expected.GetValueOrDefault(entry.Key)}, sent were {entry.Value + 1}"));
        var more = await _outside.RunAsync(["receive", "--json"]);
        if (more.Output.Length > 0)
        {
            problems.Add($"more came than was sent: {more.Output}");
        }

        return problems;
    }

    /// <summary>Waits until shards are served by all of these nodes and by no other.</summary>
    /// <returns>How long that took.</returns>
    internal async Task<TimeSpan> SpreadAsync(params MemberNode[] nodes)
    {
        var began = Stopwatch.GetTimestamp();
        var expected = nodes.Select(static node => node.Name).Order(StringComparer.Ordinal).ToArray();
        string[] owners;
        while (!(owners = await OwnersAsync()).SequenceEqual(expected))
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"shards are at {string.Join(", ", owners)} and not at {string.Join(", ", expected)} within {Patience}");
            await Task.Delay(20);       // another process's rows: nothing tells of their change
        }

        return Stopwatch.GetElapsedTime(began);
    }

    internal Task StopDatabaseAsync() => _database.StopAsync();

    internal Task StartDatabaseAsync() => _database.RunAsync();

    internal async Task EndLighthousesAsync()
    {
        foreach (var lighthouse in _lighthouses)
        {
            await lighthouse.StopAsync("KILL");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            node.Dispose();
        }

        foreach (var lighthouse in _lighthouses)
        {
            await lighthouse.DisposeAsync();
        }

        _outsideProcess?.Dispose();
        _outside?.Dispose();
        await _database.ExecuteAsync($"DROP SCHEMA IF EXISTS {_schema} CASCADE");
        Directory.Delete(_root, recursive: true);
    }

    private static string Peer(int sequence) => $"p{sequence % PeerCount}";

    private static string Text(int sequence, int number) => $"{sequence} {number}";

    private async Task<string[]> OwnersAsync()
    {
        await using var connection = new Npgsql.NpgsqlConnection(_database.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand(
            $"SELECT coalesce(array_agg(DISTINCT coalesce(owner, '')), '{{}}') FROM {_schema}.shard", connection);
        return [.. ((string[])(await command.ExecuteScalarAsync())!).Order(StringComparer.Ordinal)];
    }

    private async Task BeginAsync(int nodeCount, int lighthouseCount)
    {
        var made = await LighthouseProcess.RunAsync(Authority, "ca", "create", "--cluster", "orders");
        Assert.True(made.Code == 0, made.Error);
        for (var number = 0; number < lighthouseCount; number++)
        {
            _lighthouses.Add(await LighthouseProcess.ServeAsync(Authority, null, $"shard-count={MemberNode.ShardCount}", $"database={_database.ConnectionString}"));
        }

        for (var number = 1; number <= nodeCount; number++)
        {
            var token = await LighthouseProcess.RunAsync(Authority, "token", "create");
            Assert.True(token.Code == 0, token.Error);
            var node = new MemberNode(_root, $"n{number}", _schema, [.. _lighthouses.Select(static lighthouse => lighthouse.Address)], _nodes.FirstOrDefault());
            _nodes.Add(node);
            await node.PrepareAsync(token.Output.Split('\n')[0]);
            await node.StartAsync();
        }

        await SpreadAsync([.. _nodes]);
        await AcquaintAsync();
    }

    private async Task AcquaintAsync()
    {
        _outside = await ScratchNode.CreateAsync();
        await _nodes[0].SucceedAsync("identity", "create");
        var ours = Path.Combine(_root, "ours.pub");
        await File.WriteAllTextAsync(ours, (await _nodes[^1].SucceedAsync("identity", "show")).Output);
        string[] addresses = [.. _nodes.SelectMany(static node => new[] { "--address", node.PeerAddress })];
        for (var number = 0; number < PeerCount; number++)
        {
            await _outside.SucceedAsync("identity", "create", Peer(number));
            await _outside.SucceedAsync(["peer", "add", "orders", ours, "--identity", Peer(number), .. addresses]);
        }

        _outsideProcess = await KyberiumProcess.ServeAsync(_outside, "--set", "kyberium.host.listen=http://127.0.0.1:0");
        for (var number = 0; number < PeerCount; number++)
        {
            var theirs = Path.Combine(_root, Peer(number) + ".pub");
            await File.WriteAllTextAsync(theirs, (await _outside.SucceedAsync("identity", "show", Peer(number))).Output);
            await _nodes[number % _nodes.Count].SucceedAsync("peer", "add", Peer(number), theirs, "--address", _outsideProcess.Address);
        }
    }
}

using System.Net;
using System.Security.Cryptography;
using Kyberium.Engine;
using Kyberium.Engine.Cluster;
using Kyberium.Engine.Cluster.Joining;
using Microsoft.Extensions.Logging;

namespace Kyberium.Lighthouse.Tests;

/// <summary>Goal: with real processes, what nodes say of their shards is remembered over restarts, only ever raised, told to nodes alone, and missed by nobody who
/// can do without.</summary>
public sealed class RememberingTests : IAsyncLifetime
{
    private static readonly byte[] Store = RandomNumberGenerator.GetBytes(16);

    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("kyberium-lighthouse-");
    private readonly LogLines _log = new();
    private string _folder = "";

    private string Remembered => Path.Combine(_folder, "witness", Convert.ToHexStringLower(Store));

    public async Task InitializeAsync()
    {
        _folder = Path.Combine(_scratch.FullName, "authority");
        var (code, _, error) = await LighthouseProcess.RunAsync(_folder, "ca", "create", "--cluster", "orders");
        Assert.True(code == 0, error);
    }

    public Task DisposeAsync()
    {
        _scratch.Delete(recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task What_one_node_says_is_told_to_another_also_after_a_restart()
    {
        var first = await LighthouseProcess.ServeAsync(_folder);
        await SayAsync([first], await NodeAsync(first, "node-1"), Witness(1, 3, 100), Witness(2, 7, 200));
        await first.StopAsync("KILL");
        await first.DisposeAsync();
        await using var again = await LighthouseProcess.ServeAsync(_folder);

        var told = await ToldAsync([again], await NodeAsync(again, "node-2"));
        Assert.Equal([(1, 3L, 100L), (2, 7L, 200L)], told);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Remembered));
    }

    [Fact]
    public async Task Nobody_lowers_what_is_remembered_and_each_part_of_it_rises_alone()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder);
        var (one, other) = (await NodeAsync(lighthouse, "node-1"), await NodeAsync(lighthouse, "node-2"));
        await SayAsync([lighthouse], one, Witness(1, 5, 500));
        await SayAsync([lighthouse], other, Witness(1, 4, 400));
        Assert.Equal([(1, 5L, 500L)], await ToldAsync([lighthouse], one));
        await SayAsync([lighthouse], other, Witness(1, 6, 300));
        Assert.Equal([(1, 6L, 500L)], await ToldAsync([lighthouse], one));
        await SayAsync([lighthouse], other, Witness(1, 2, 900));
        Assert.Equal([(1, 6L, 900L)], await ToldAsync([lighthouse], one));
    }

    [Fact]
    public async Task A_later_generation_begins_anew_and_the_log_says_whose_word_that_was()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder);
        var node = await NodeAsync(lighthouse, "node-1");
        await SayAsync([lighthouse], node, Witness(1, 5, 500));
        await SayAsync([lighthouse], node, Witness(1, 2, 20) with { Generation = 1 });
        await SayAsync([lighthouse], node, Witness(1, 9, 900));
        Assert.Equal([(1, 2L, 20L)], await ToldAsync([lighthouse], node));

        Assert.Contains($"Store {Convert.ToHexStringLower(Store)} is of generation 1 from now on, says node node-1", (await lighthouse.StopAsync()).Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_Lighthouses_the_highest_counts_one_is_enough_and_none_only_says_so()
    {
        var elsewhere = Path.Combine(_scratch.FullName, "elsewhere");
        Directory.CreateDirectory(elsewhere, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Copy(Path.Combine(_folder, "authority.json"), Path.Combine(elsewhere, "authority.json"));
        await using var first = await LighthouseProcess.ServeAsync(_folder);
        await using var second = await LighthouseProcess.ServeAsync(elsewhere);
        var node = await NodeAsync(first, "node-1");
        await SayAsync([first], node, Witness(1, 5, 500), Witness(2, 1, 1));
        await SayAsync([second], node, Witness(1, 6, 400));
        Assert.Equal([(1, 6L, 500L), (2, 1L, 1L)], await ToldAsync([first, second], node));

        await first.StopAsync("KILL");
        Assert.Equal([(1, 6L, 400L)], await ToldAsync([first, second], node));
        Assert.Empty(_log.Events);
        await second.StopAsync("KILL");
        Assert.Empty(await ToldAsync([first, second], node));
        await SayAsync([first], node, Witness(1, 7, 700));      // ends all the same
        Assert.Equal([1115, 1113], _log.Events);
    }

    [Fact]
    public async Task Two_processes_over_one_folder_lose_nothing_of_what_is_said_at_once()
    {
        await using var first = await LighthouseProcess.ServeAsync(_folder);
        await using var second = await LighthouseProcess.ServeAsync(_folder);
        var node = await NodeAsync(first, "node-1");
        await Task.WhenAll(Enumerable.Range(0, 40).Select(number => SayAsync([number % 2 == 0 ? first : second], node, Witness(number, number + 1, number + 2))));

        Assert.Equal(Enumerable.Range(0, 40).Select(number => (number, number + 1L, number + 2L)), await ToldAsync([first], node));
        Assert.Empty(_log.Events);
    }

    [Fact]
    public async Task Only_nodes_are_told_and_only_what_is_well_formed_is_taken()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder);
        var node = await NodeAsync(lighthouse, "node-1");
        using var stranger = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new System.Net.Security.SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null },
        })
        { BaseAddress = new Uri($"https://{lighthouse.Address}") };
        using var own = LighthouseHttp.Of(lighthouse.Address, node.Current, TimeProvider.System, LighthouseProcess.Patience, WitnessList.BytesMax);
        var path = new Uri(WitnessList.PathOf(Store), UriKind.Relative);
        var sound = WitnessList.Encode(Store, [Witness(1, 5, 500)]);

        Assert.Equal(HttpStatusCode.Forbidden, (await stranger.GetAsync(path)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(stranger, path, sound)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(own, path, sound[..^1])).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(own, path, WitnessList.Encode(new byte[16], [Witness(1, 5, 500)]))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await own.GetAsync(new Uri("/kyberium/cluster/v1/witness/nowhere", UriKind.Relative))).StatusCode);
        Assert.False(File.Exists(Remembered));
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(own, path, sound)).StatusCode);
        Assert.True(File.Exists(Remembered));

        await using (var longer = new FileStream(Remembered, FileMode.Append))
        {
            longer.WriteByte(0);
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await own.GetAsync(path)).StatusCode);
        Assert.Contains("its checksum does not match", (await lighthouse.StopAsync()).Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stores_are_listed_forgotten_and_bounded()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder);
        var node = await NodeAsync(lighthouse, "node-1");
        await SayAsync([lighthouse], node, Witness(1, 5, 500), Witness(2, 9, 1));
        Assert.Equal($"{Convert.ToHexStringLower(Store)}, generation 0, 2 shards, fence 9", (await LighthouseProcess.RunAsync(_folder, "witness", "list")).Output);

        using var own = LighthouseHttp.Of(lighthouse.Address, node.Current, TimeProvider.System, LighthouseProcess.Patience, WitnessList.BytesMax);
        for (var count = 1; count <= 16; count++)
        {
            var another = RandomNumberGenerator.GetBytes(16);
            var answer = await PostAsync(own, new Uri(WitnessList.PathOf(another), UriKind.Relative), WitnessList.Encode(another, [Witness(1, 1, 1)]));
            Assert.Equal(count < 16 ? HttpStatusCode.NoContent : HttpStatusCode.Forbidden, answer.StatusCode);
        }

        Assert.Equal(0, (await LighthouseProcess.RunAsync(_folder, "witness", "forget", Convert.ToHexStringLower(Store))).Code);
        Assert.Empty(await ToldAsync([lighthouse], node));
        Assert.StartsWith("KY1015", (await LighthouseProcess.RunAsync(_folder, "witness", "forget", Convert.ToHexStringLower(Store))).Error, StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient http, Uri path, byte[] said)
    {
        using var content = new ByteArrayContent(said);
        return await http.PostAsync(path, content);
    }

    private static ShardWitness Witness(int number, long fence, long position) =>
        new(new ShardId("default", number), new Fence(fence), SHA256.HashData([(byte)fence]), new LogPosition(position));

    /// <summary>Says it as a node does, and waits until everybody has been told.</summary>
    private async Task SayAsync(LighthouseProcess[] lighthouses, ClusterIdentity node, params ShardWitness[] witnesses)
    {
        var place = new LighthouseWitness(lighthouses.Select(static each => each.Address), node, TimeProvider.System, _log);
        Array.ForEach(witnesses, witness => place.Remember(Store, witness));
        await place.DisposeAsync().AsTask().WaitAsync(LighthouseProcess.Patience);
    }

    private async Task<IEnumerable<(int Number, long Fence, long Position)>> ToldAsync(LighthouseProcess[] lighthouses, ClusterIdentity node)
    {
        await using var place = new LighthouseWitness(lighthouses.Select(static each => each.Address), node, TimeProvider.System, _log);
        return (await place.ReadAsync(Store).AsTask().WaitAsync(LighthouseProcess.Patience))
            .Select(static witness => (witness.Shard.Number, witness.Fence.Value, witness.Position.Value)).Order();
    }

    private async Task<ClusterIdentity> NodeAsync(LighthouseProcess lighthouse, string name)
    {
        var token = (await LighthouseProcess.RunAsync(_folder, "token", "create")).Output;
        var options = new ClusterJoinOptions { Lighthouses = [lighthouse.Address], Cluster = new ClusterName("orders"), Node = new NodeId(name) };
        return (await ClusterJoin.JoinAsync(options, token).WaitAsync(LighthouseProcess.Patience)).Identity;
    }

    private sealed class LogLines : ILogger
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<int> _events = new();

        internal IReadOnlyCollection<int> Events => _events;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _events.Enqueue(eventId.Id);
    }
}

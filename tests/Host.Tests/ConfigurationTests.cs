using Kyberium.Configuration.Hocon;
using Kyberium.Engine;
using Kyberium.Host.Configuration;

namespace Kyberium.Host.Tests;

/// <summary>Goal: options and files cannot drift apart, and every problem is told together with its place.</summary>
public sealed class ConfigurationTests
{
    [Theory, InlineData("kyberium.host", 34), InlineData("kyberium.engine", 42)]
    public void The_file_has_exactly_the_keys_and_defaults_of_the_options(string prefix, int count)
    {
        var name = prefix.Split('.')[1];
        var file = HoconDocument.Load(Path.Combine(AppContext.BaseDirectory, "hocon", $"{name}.conf"));
        var entries = NodeConfiguration.Read(null, new Dictionary<string, string>(), []).Entries()
            .Where(entry => entry.Key.StartsWith(prefix + ".", StringComparison.Ordinal)).ToList();

        Assert.Equal(count, entries.Count);
        Assert.Equal(
            entries.Select(entry => entry.ConfigurationKey.ToLowerInvariant()).Order(), file.Values.Keys.Select(key => key.ToLowerInvariant()).Order());
        Assert.All(entries.Where(entry => !entry.IsList), entry =>
        {
            Assert.True(OptionValue.TryParse(file.Values[entry.ConfigurationKey]!, entry.Property.PropertyType, out var value, out _));
            Assert.Equal(entry.Property.GetValue(entry.Owner), value);
        });
    }

    [Fact]
    public void Later_layers_override_earlier_ones()
    {
        using var file = new TemporaryFile("kyberium.engine { shard.count = 2, pipeline.in-flight-max = 300, delivery.early-count-max = 7 }");
        var read = NodeConfiguration.Read(
            file.Path,
            new Dictionary<string, string> { ["KYBERIUM__ENGINE__SHARD__COUNT"] = "3", ["KYBERIUM__ENGINE__PIPELINE__IN_FLIGHT_MAX"] = "400" },
            [("kyberium.engine.shard.count", "4", "--set")]);

        Assert.Equal((4, 400, 7), (read.Engine.Shard.Count, read.Engine.Pipeline.InFlightMax, read.Engine.Delivery.EarlyCountMax));
    }

    [Fact]
    public void Every_problem_is_told_at_once_with_its_place()
    {
        using var file = new TemporaryFile("kyberium.engine {\n  shard.cuont = 2\n  journal.tail-bytes-max = lots\n}\nkyberium.host.log-level = loud\n");
        var failure = Assert.Throws<EngineException>(() => NodeConfiguration.Read(
            file.Path, new Dictionary<string, string> { ["KYBERIUM__ENGINE__SHARD__COUNT"] = "0" },
            [("kyberium.host.drain-timeout", "1 year", "--set kyberium.host.drain-timeout")]));

        Assert.Equal(EngineErrorCode.OptionsInvalid, failure.Code);
        Assert.Contains("5 problems", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"{file.Path}:2: kyberium.engine.shard.cuont: there is no such key; was kyberium.engine.shard.count meant?", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"{file.Path}:3: kyberium.engine.journal.tail-bytes-max = \"lots\": must be {HoconSize.Expected}", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"{file.Path}:5: kyberium.host.log-level = \"loud\": must be one of", failure.Message, StringComparison.Ordinal);
        Assert.Contains("variable KYBERIUM__ENGINE__SHARD__COUNT: kyberium.engine.shard.count = 0: must be 1 to 4096", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--set kyberium.host.drain-timeout: kyberium.host.drain-timeout = \"1 year\": must be", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("control-request-bytes-max", "64 KiB", "65535", "64 MiB", "67108865")]
    [InlineData("control-connections-max", "2", "1", "1024", "1025")]
    [InlineData("drain-timeout", "1 s", "999 ms", "10 m", "600001 ms")]
    [InlineData("link.connect-timeout", "10 ms", "9 ms", "5 m", "300001 ms")]
    [InlineData("link.connection-count-max", "1", "0", "65536", "65537")]
    [InlineData("cluster.weight", "1", "0", "1000", "1001")]
    [InlineData("cluster.lease-length", "1 s", "999 ms", "10 m", "600001 ms")]
    [InlineData("pbm.connections-max", "1", "0", "1024", "1025")]
    [InlineData("pbm.call-timeout", "100 ms", "99 ms", "1 d", "86400001 ms")]
    [InlineData("pbm.idle-timeout", "100 ms", "99 ms", "1 d", "86400001 ms")]
    public void A_range_of_the_host_holds_both_ends_and_nothing_beyond(string key, string least, string below, string most, string beyond)
    {
        foreach (var (value, isAllowed) in new[] { (least, true), (below, false), (most, true), (beyond, false) })
        {
            NodeConfiguration ReadIt() => NodeConfiguration.Read(null, new Dictionary<string, string>(), [($"kyberium.host.{key}", value, "--set")]);
            if (isAllowed)
            {
                Assert.NotNull(ReadIt());
                continue;
            }

            var failure = Assert.Throws<EngineException>(ReadIt);
            Assert.Equal(EngineErrorCode.OptionsInvalid, failure.Code);
            Assert.Contains($"kyberium.host.{key} = ", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_number_of_the_host_has_its_range_tried()
    {
        var tried = typeof(ConfigurationTests).GetMethod(nameof(A_range_of_the_host_holds_both_ends_and_nothing_beyond))!
            .GetCustomAttributes(typeof(InlineDataAttribute), inherit: false).Cast<InlineDataAttribute>()
            .Select(data => $"kyberium.host.{data.GetData(null!).Single()[0]}");
        var numbers = NodeConfiguration.Read(null, new Dictionary<string, string>(), []).Entries()
            .Where(entry => entry.Key.StartsWith("kyberium.host.", StringComparison.Ordinal)
                && (entry.Property.PropertyType == typeof(int) || entry.Property.PropertyType == typeof(long) || entry.Property.PropertyType == typeof(TimeSpan)))
            .Select(entry => entry.Key);

        Assert.Equal(numbers.Order(), tried.Order());
    }

    [Fact]
    public void What_a_node_of_a_cluster_lacks_is_told_at_once()
    {
        var failure = Assert.Throws<EngineException>(() => NodeConfiguration.Read(
            null, new Dictionary<string, string>(), [("kyberium.host.cluster.name", "a b", "--set"), ("kyberium.host.cluster.listen", "somewhere", "--set")]));
        foreach (var key in new[] { "name", "node", "listen", "lighthouses" })
        {
            Assert.Contains($"kyberium.host.cluster.{key} = ", failure.Message, StringComparison.Ordinal);
        }

        failure = Assert.Throws<EngineException>(() => NodeConfiguration.Read(null, new Dictionary<string, string>(),
        [
            ("kyberium.host.cluster.name", "orders", "--set"), ("kyberium.host.cluster.node", "n1", "--set"), ("kyberium.host.cluster.lighthouses", "a:1", "--set"),
        ]));
        Assert.Contains("kyberium.host.cluster.host = \"\": must say how other nodes reach this one", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_control_socket_longer_than_a_path_may_be_is_told_with_its_bound()
    {
        var fits = "/" + new string('s', 102);
        Assert.NotNull(NodeConfiguration.Read(null, new Dictionary<string, string>(), [("kyberium.host.control-socket", fits, "--set")]));
        var failure = Assert.Throws<EngineException>(() => NodeConfiguration.Read(
            null, new Dictionary<string, string>(), [("kyberium.host.control-socket", fits + "s", "--set")]));
        Assert.Equal(EngineErrorCode.OptionsInvalid, failure.Code);
        Assert.Contains("kyberium.host.control-socket", failure.Message, StringComparison.Ordinal);
        Assert.Contains("must be at most 103 bytes", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("platform", AeadProviderChoice.Platform), InlineData("intrinsics", AeadProviderChoice.Intrinsics)]
    [InlineData("auto", AeadProviderChoice.Auto), InlineData("fast", null), InlineData("3", null), InlineData("auto,platform", null)]
    public void A_choice_is_read_by_its_name_only(string text, AeadProviderChoice? expected)
    {
        using var file = new TemporaryFile($"kyberium.engine.cryptography.aead-provider = \"{text}\"");
        if (expected is { } choice)
        {
            Assert.Equal(choice, NodeConfiguration.Read(file.Path, new Dictionary<string, string>(), []).Engine.Cryptography.AeadProvider);
            return;
        }

        var failure = Assert.Throws<EngineException>(() => NodeConfiguration.Read(file.Path, new Dictionary<string, string>(), []));
        Assert.Contains("must be one of platform, intrinsics, auto", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_with_problems_ends_with_78()
    {
        using var node = new ScratchNode();
        await node.FailsAsync(78, 1001, "identity", "list", "--set", "kyberium.engine.shard.cuont=1");
        Assert.Equal(78, (await ScratchNode.RunBareAsync(["identity", "list"])).ExitCode);
    }

    private sealed class TemporaryFile : IDisposable
    {
        internal TemporaryFile(string text) => File.WriteAllText(Path, text);

        internal string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}

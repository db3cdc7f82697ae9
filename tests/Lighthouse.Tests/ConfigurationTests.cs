using Kyberium.Configuration.Hocon;
using Kyberium.Engine;
using Kyberium.Host.Configuration;
using Kyberium.Lighthouse.Configuration;

namespace Kyberium.Lighthouse.Tests;

/// <summary>Goal: options and hocon/lighthouse.conf cannot drift apart, and every problem is told at once.</summary>
public sealed class ConfigurationTests
{
    private static readonly Dictionary<string, string> None = [];

    [Fact]
    public void The_file_has_exactly_the_keys_and_defaults_of_the_options()
    {
        var file = HoconDocument.Load(Path.Combine(AppContext.BaseDirectory, "hocon", "lighthouse.conf"));
        var entries = LighthouseConfiguration.Entries(new LighthouseOptions());

        Assert.Equal(22, entries.Count);
        Assert.Equal(
            entries.Select(entry => entry.ConfigurationKey.ToLowerInvariant()).Order(), file.Values.Keys.Select(key => key.ToLowerInvariant()).Order());
        Assert.All(entries.Where(entry => !entry.IsList), entry =>
        {
            Assert.True(OptionValue.TryParse(file.Values[entry.ConfigurationKey]!, entry.Property.PropertyType, out var value, out _));
            Assert.Equal(entry.Property.GetValue(entry.Owner), value);
        });
    }

    [Fact]
    public void Every_problem_is_told_at_once()
    {
        var failure = Assert.Throws<EngineException>(() => LighthouseConfiguration.Read(null, None,
        [
            Set("shard-count", "0"), Set("listen", "somewhere"), Set("name", " "), Set("node-version-min", "new"), Set("log-level", "loud"),
            Set("log-format", "xml"), Set("cluster", "a b"), Set("shard-cuont", "1"),
        ]));

        Assert.Equal(EngineErrorCode.OptionsInvalid, failure.Code);
        Assert.Contains("9 problems", failure.Message, StringComparison.Ordinal);       // and no directory
    }

    [Fact]
    public void Later_layers_override_earlier_ones()
    {
        var variables = new Dictionary<string, string>
        {
            ["ACTORSYSTEM"] = "akka", ["CLUSTER_PORT"] = "5000", ["KYBERIUM__LIGHTHOUSE__CLUSTER"] = "variable", ["KYBERIUM__LIGHTHOUSE__SHARD_COUNT"] = "3",
        };
        var read = LighthouseConfiguration.Read(null, variables, [Set("directory", "d"), Set("shard-count", "4")]);

        Assert.Equal(("variable", "0.0.0.0:5000", 4), (read.Cluster, read.Listen, read.ShardCount));
    }

    private static (string Key, string Value, string Origin) Set(string key, string value) => ("kyberium.lighthouse." + key, value, "--set");
}

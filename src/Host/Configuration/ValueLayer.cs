using Kyberium.Configuration.Hocon;
using Microsoft.Extensions.Configuration;

namespace Kyberium.Host.Configuration;

/// <summary>Values from the environment or the command line, each with where it came from.</summary>
internal sealed class ValueLayer : ConfigurationProvider, IConfigurationSource
{
    private readonly Dictionary<string, string> _origins = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Variables named <c>KYBERIUM__ENGINE__SHARD__COUNT</c>: two underscores for each dot, one for each hyphen or none.</summary>
    internal static ValueLayer OfEnvironment(IReadOnlyDictionary<string, string> variables)
    {
        var layer = new ValueLayer();
        foreach (var (name, value) in variables.OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            if (name.StartsWith("KYBERIUM__", StringComparison.OrdinalIgnoreCase))
            {
                var key = string.Join(
                    ConfigurationPath.KeyDelimiter,
                    name.Split("__").Select(segment => segment.Replace("_", "", StringComparison.Ordinal)));
                layer.Put(key, value, $"variable {name}");
            }
        }

        return layer;
    }

    /// <summary>Values given as key and text on the command line.</summary>
    internal static ValueLayer OfCommandLine(IEnumerable<(string Key, string Value, string Origin)> values)
    {
        var layer = new ValueLayer();
        foreach (var (key, value, origin) in values)
        {
            layer.Put(key.Replace(".", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal), value, origin);
        }

        return layer;
    }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    internal string? OriginOf(string configurationKey) => _origins.GetValueOrDefault(configurationKey);

    private void Put(string key, string value, string origin)
    {
        var normalized = KebabCaseKeys.Normalize(key);
        Data[normalized] = value;
        _origins[normalized] = origin;
    }
}

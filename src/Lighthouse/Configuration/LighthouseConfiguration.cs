using Kyberium.Configuration.Hocon;
using Kyberium.Engine;
using Kyberium.Host.Configuration;
using Microsoft.Extensions.Configuration;

namespace Kyberium.Lighthouse.Configuration;

/// <summary>Binds and checks what a Lighthouse was told. Layers, later ones first: command line, <c>KYBERIUM__LIGHTHOUSE__…</c>, the variables of Akka's
/// Lighthouse, the file of <c>--config</c>, defaults.</summary>
internal static class LighthouseConfiguration
{
    private const string Prefix = "kyberium.lighthouse";

    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>: every problem at once.</exception>
    internal static LighthouseOptions Read(
        string? file, IReadOnlyDictionary<string, string> variables, IEnumerable<(string Key, string Value, string Origin)> commandLine)
    {
        var builder = new ConfigurationBuilder();
        if (file is not null)
        {
            builder.AddHoconFile(file, options: new HoconReadOptions { Environment = variables.GetValueOrDefault });
        }

        IConfigurationRoot built;
        try
        {
            built = builder.Add(ValueLayer.OfCommandLine(OfAkka(variables))).Add(ValueLayer.OfEnvironment(variables))
                .Add(ValueLayer.OfCommandLine(commandLine)).Build();
        }
        catch (HoconException unreadable)
        {
            throw LighthouseErrors.Unreadable(unreadable);
        }

        return Bind(built);
    }

    internal static IReadOnlyList<OptionEntry> Entries(LighthouseOptions options) => [.. OptionEntry.Of(options, Prefix)];

    private static LighthouseOptions Bind(IConfigurationRoot built)
    {
        var options = new LighthouseOptions();
        var entries = Entries(options);
        var problems = new List<string>();
        foreach (var (key, value) in built.AsEnumerable().OrderBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase))
        {
            if (value is null || !key.StartsWith("kyberium:lighthouse:", StringComparison.OrdinalIgnoreCase))
            {
                continue;       // a section, or another program's
            }

            var entry = entries.FirstOrDefault(entry => key.Equals(entry.ConfigurationKey, StringComparison.OrdinalIgnoreCase)
                || (entry.IsList && key.StartsWith(entry.ConfigurationKey + ":", StringComparison.OrdinalIgnoreCase)));
            if (entry is null)
            {
                problems.Add($"{key.Replace(':', '.').ToLowerInvariant()}: there is no such key");
            }
            else if (!entry.IsList)
            {
                if (OptionValue.TryParse(value, entry.Property.PropertyType, out var parsed, out var expected))
                {
                    entry.Property.SetValue(options, parsed);
                }
                else
                {
                    problems.Add($"{entry.Key} = \"{value}\": must be {expected}");
                }
            }
        }

        foreach (var list in entries.Where(entry => entry.IsList))
        {
            BindList(built.GetSection(list.ConfigurationKey), list);
        }

        var found = new OptionProblems();
        options.Check(found);
        problems.AddRange(found.Lines);
        return problems.Count == 0 ? options : throw LighthouseErrors.Invalid(problems);
    }

    // Elements 0, 1, … of a file; or one text with commas, which is all that a variable or an argument can be.
    private static void BindList(IConfigurationSection section, OptionEntry list)
    {
        var joined = section.Value?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var elements = joined ?? [.. section.GetChildren().Select(child => child.Value).OfType<string>()];
        if (elements.Length > 0)
        {
            list.Property.SetValue(list.Owner, elements);
        }
    }

    private static IEnumerable<(string Key, string Value, string Origin)> OfAkka(IReadOnlyDictionary<string, string> variables)
    {
        if (variables.TryGetValue("ACTORSYSTEM", out var system))
        {
            yield return (Prefix + ".cluster", system, "variable ACTORSYSTEM");
        }

        if (variables.TryGetValue("CLUSTER_PORT", out var port))
        {
            yield return (Prefix + ".listen", "0.0.0.0:" + port, "variable CLUSTER_PORT");
        }

        var own = variables.TryGetValue("CLUSTER_IP", out var host) ? $"{host}:{port ?? "4053"}" : null;
        var seeds = variables.TryGetValue("CLUSTER_SEEDS", out var text) ? text.Trim('[', ']').Split(',', StringSplitOptions.TrimEntries).Select(Seed) : [];
        var all = string.Join(',', seeds.Concat(own is null ? [] : [own]).Where(address => address.Length > 0).Distinct());
        if (all.Length > 0)
        {
            yield return (Prefix + ".lighthouses", all, "variables CLUSTER_IP and CLUSTER_SEEDS");
        }
    }

    // akka.tcp://orders@10.0.0.1:4053, with or without quotes, as well as host:port.
    private static string Seed(string text)
    {
        var bare = text.Trim('"', '\'');
        return bare[(bare.LastIndexOf('@') + 1)..];
    }
}

using Kyberium.Configuration.Hocon;
using Kyberium.Engine;
using Kyberium.Engine.Templates;
using Microsoft.Extensions.Configuration;

namespace Kyberium.Host.Configuration;

/// <summary>What a node was told: the options of the engine and of the host, bound and checked.</summary>
/// <remarks>Layers, later ones first: command line, environment, the file of <c>--config</c>, defaults.</remarks>
internal sealed class NodeConfiguration
{
    private NodeConfiguration()
    {
    }

    /// <summary>Gets the engine's options.</summary>
    internal EngineOptions Engine { get; } = new();

    /// <summary>Gets the host's own options.</summary>
    internal HostOptions Host { get; } = new();

    /// <summary>Gets the data directory's absolute path.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>: it is not set.</exception>
    internal string DataDirectory => Engine.DataDirectory.Length > 0
        ? Path.GetFullPath(Engine.DataDirectory)
        : throw ConfigurationErrors.Missing("kyberium.engine.data-directory", "--data-directory <path>");

    /// <summary>Reads, binds and checks every layer.</summary>
    /// <param name="file">The file of <c>--config</c>, or null.</param>
    /// <param name="variables">The environment.</param>
    /// <param name="commandLine">Keys, values and where each was given.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>: every problem, each with its place.</exception>
    internal static NodeConfiguration Read(
        string? file, IReadOnlyDictionary<string, string> variables, IEnumerable<(string Key, string Value, string Origin)> commandLine)
    {
        var built = Build(file, variables, commandLine);
        var configuration = new NodeConfiguration();
        var entries = configuration.Entries().ToDictionary(entry => entry.ConfigurationKey, StringComparer.OrdinalIgnoreCase);
        var problems = new List<string>();
        Bind(built, entries, problems);
        configuration.Check(built, entries, problems);
        return problems.Count == 0 ? configuration : throw ConfigurationErrors.Invalid(problems);
    }

    /// <summary>Lists every option there is.</summary>
    internal IEnumerable<OptionEntry> Entries() =>
        OptionEntry.Of(Engine, "kyberium.engine").Concat(OptionEntry.Of(Host, "kyberium.host"));

    private static IConfigurationRoot Build(
        string? file, IReadOnlyDictionary<string, string> variables, IEnumerable<(string Key, string Value, string Origin)> commandLine)
    {
        var builder = new ConfigurationBuilder();
        if (file is not null)
        {
            builder.AddHoconFile(file, options: new HoconReadOptions { Environment = variables.GetValueOrDefault });
        }

        try
        {
            return builder.Add(ValueLayer.OfEnvironment(variables)).Add(ValueLayer.OfCommandLine(commandLine)).Build();
        }
        catch (HoconException unreadable)
        {
            throw ConfigurationErrors.Unreadable(unreadable);
        }
    }

    private static void Bind(IConfigurationRoot built, Dictionary<string, OptionEntry> entries, List<string> problems)
    {
        foreach (var (key, value) in built.AsEnumerable().OrderBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase))
        {
            if (value is null || !IsUnder(key, "kyberium"))
            {
                continue;       // a section, or another program's
            }

            if (entries.TryGetValue(key, out var entry))
            {
                if (!entry.IsList)
                {
                    BindValue(built, entry, value, problems);
                }
            }
            else if (!entries.Values.Any(list => list.IsList && IsUnder(key, list.ConfigurationKey)))
            {
                problems.Add(Unknown(built, key, entries.Values));
            }
        }

        foreach (var list in entries.Values.Where(entry => entry.IsList))
        {
            BindList(built, list);
        }
    }

    private static void BindValue(IConfigurationRoot built, OptionEntry entry, string text, List<string> problems)
    {
        if (OptionValue.TryParse(text, entry.Property.PropertyType, out var value, out var expected))
        {
            entry.Property.SetValue(entry.Owner, value);
        }
        else
        {
            problems.Add($"{Place(built, entry.ConfigurationKey)}{entry.Key} = \"{text}\": must be {expected}");
        }
    }

    // Elements 0, 1, … of a file; or one text with commas, which is all that a variable or an argument can be.
    private static void BindList(IConfigurationRoot built, OptionEntry list)
    {
        var section = built.GetSection(list.ConfigurationKey);
        var elements = section.GetChildren().Select(child => child.Value).OfType<string>().ToList();
        if (section.Value is { Length: > 0 } joined)
        {
            elements = [.. joined.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        }

        if (elements.Count > 0 || section.Value is not null)
        {
            list.Property.SetValue(list.Owner, elements);
        }
    }

    private void Check(IConfigurationRoot built, Dictionary<string, OptionEntry> entries, List<string> problems)
    {
        var found = Engine.FindProblems();
        Host.Check(found);
        foreach (var line in found.Lines)
        {
            var key = line[..line.IndexOf(" = ", StringComparison.Ordinal)];
            var entry = entries.Values.Single(entry => entry.Key == key);
            problems.Add(Place(built, entry.ConfigurationKey) + line);
        }
    }

    private static string Unknown(IConfigurationRoot built, string key, IEnumerable<OptionEntry> entries)
    {
        var nearest = NearestName.Find(key, entries.Select(entry => entry.ConfigurationKey));
        var meant = nearest is null ? null : entries.First(entry => entry.ConfigurationKey == nearest).Key;
        return $"{Place(built, key)}{key.Replace(ConfigurationPath.KeyDelimiter, ".", StringComparison.Ordinal).ToLowerInvariant()}: there is no such key"
            + (meant is null ? "" : $"; was {meant} meant?");
    }

    /// <summary>Says where the value in force was written; empty for a default.</summary>
    private static string Place(IConfigurationRoot built, string key)
    {
        foreach (var provider in built.Providers.Reverse())
        {
            if (provider is ValueLayer layer && layer.OriginOf(key) is { } origin)
            {
                return origin + ": ";
            }
        }

        return built.TryGetHoconOrigin(key, out var written) ? written + ": " : "";
    }

    private static bool IsUnder(string key, string section) =>
        key.Length > section.Length && key.StartsWith(section, StringComparison.OrdinalIgnoreCase)
        && key[section.Length..].StartsWith(ConfigurationPath.KeyDelimiter, StringComparison.Ordinal);
}

using System.Collections;
using System.CommandLine;
using Kyberium.Configuration.Hocon;
using Kyberium.Lighthouse.Configuration;

namespace Kyberium.Lighthouse.Commands;

/// <summary>What the commands share: where they are told things, and where they write.</summary>
internal sealed class CommandFrame(TextWriter output)
{
    internal TextWriter Output => output;

    internal Option<string?> Config { get; } = new("--config", "-c")
    {
        Description = "Configuration file in HOCON. Environment variables and --set override it.", HelpName = "file", Recursive = true,
    };

    internal Option<string[]> Set { get; } = new("--set")
    {
        Description = "Sets one key, e.g. kyberium.lighthouse.shard-count=16; may be given several times.", HelpName = "key=value", Recursive = true,
        Arity = ArgumentArity.ZeroOrMore,
    };

    internal static Command Group(string name, string description, params Command[] commands)
    {
        var group = new Command(name, description);
        Array.ForEach(commands, group.Subcommands.Add);
        return group;
    }

    internal LighthouseOptions Read(ParseResult parsed)
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal);
        var given = (parsed.GetValue(Set) ?? []).Select(text => text.Split('=', 2))
            .Select(parts => parts.Length == 2 ? (parts[0], parts[1], "--set " + parts[0]) : throw LighthouseErrors.Usage([$"--set {parts[0]} has no value"]));
        return LighthouseConfiguration.Read(parsed.GetValue(Config), variables, given);
    }

    internal static TimeSpan Duration(string text) =>
        HoconDuration.TryParse(text, out var duration) && duration >= TimeSpan.FromMinutes(1) && duration <= TimeSpan.FromDays(90)
            ? duration
            : throw LighthouseErrors.NotADuration(text);
}

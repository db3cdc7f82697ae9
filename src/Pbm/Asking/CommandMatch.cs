using System.Globalization;
using Kyberium.Pbm.Hosting;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Asking;

/// <summary>What the words of a command line mean, given what a server offers.</summary>
/// <param name="Palette">The palette; nothing: none was named.</param>
/// <param name="Command">The command; nothing: none was named.</param>
/// <param name="Rest">The words after them.</param>
internal sealed record CommandMatch(PaletteDescription? Palette, CommandDescription? Command, IReadOnlyList<string> Rest)
{
    /// <summary>Finds palette and command; of commands that begin alike the one with the most words.</summary>
    /// <exception cref="PbmFailure">A word is neither.</exception>
    internal static CommandMatch Find(IReadOnlyList<PaletteDescription> palettes, IReadOnlyList<string> words)
    {
        if (words.Count == 0)
        {
            return new CommandMatch(null, null, []);
        }

        var palette = palettes.FirstOrDefault(one => one.Name == words[0])
            ?? throw PbmFailures.Usage($"the process has no palette '{words[0]}', but {string.Join(", ", palettes.Select(one => one.Name))}");
        var named = words.Skip(1).TakeWhile(word => !word.StartsWith('-')).ToList();
        for (var count = named.Count; count > 0; count--)
        {
            var name = string.Join(' ', named.Take(count));
            if (palette.Commands.FirstOrDefault(one => one.Name == name) is { } command)
            {
                return new CommandMatch(palette, command, [.. words.Skip(1 + count)]);
            }
        }

        return named.Count == 0
            ? new CommandMatch(palette, null, [.. words.Skip(1)])
            : throw PbmFailures.UsageOf(
                $"the palette '{palette.Name}' has no command '{named[0]}', but {string.Join(", ", palette.Commands.Select(one => one.Name))}", palette.Name);
    }

    /// <summary>Reads the words after the command as its switches, as the server described them.</summary>
    /// <exception cref="PbmFailure">A word is no switch, is there twice, lacks its value, or a required one is missing.</exception>
    internal IReadOnlyDictionary<string, string> ReadSwitches()
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var remaining = new Queue<string>(Rest);
        while (remaining.TryDequeue(out var word))
        {
            var (name, joined) = Parts(word);
            var one = Command!.Switches.FirstOrDefault(known => word.StartsWith("--", StringComparison.Ordinal) ? "--" + known.Name == name : "-" + known.Letter == name)
                ?? throw Wrong($"'{Name}' takes no '{word}'");
            var value = one.Type == PbmSwitchType.Flag
                ? joined is null ? "" : throw Wrong($"--{one.Name} takes no value")
                : joined ?? (remaining.TryDequeue(out var next) ? next : throw Wrong($"--{one.Name} lacks its value"));
            if (one.Type == PbmSwitchType.Number && !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            {
                throw Wrong($"--{one.Name} takes a whole number, not '{value}'");
            }

            if (!values.TryAdd(one.Name, value))
            {
                throw Wrong($"--{one.Name} is there twice");
            }
        }

        return Command!.Switches.FirstOrDefault(one => one.Required && !values.ContainsKey(one.Name)) is { } missing
            ? throw Wrong($"'{Name}' needs --{missing.Name}")
            : values;
    }

    private string Name => $"{Palette!.Name} {Command!.Name}";

    private PbmFailure Wrong(string what) => PbmFailures.UsageOf(what, Name);

    private static (string Name, string? Joined) Parts(string word)
    {
        var equals = word.StartsWith("--", StringComparison.Ordinal) ? word.IndexOf('=', StringComparison.Ordinal) : -1;
        return equals < 0 ? (word, null) : (word[..equals], word[(equals + 1)..]);
    }
}

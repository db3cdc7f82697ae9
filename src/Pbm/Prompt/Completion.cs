using Kyberium.Pbm.Asking;
using Kyberium.Pbm.Hosting;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Prompt;

/// <summary>What may come next in a line, from what the server offers.</summary>
internal static class Completion
{
    private static readonly string[] OwnWords = ["exit", "help"];
    private static readonly string[] OwnSwitches = ["--every", "--help", "--json", "--times"];

    /// <summary>Lists the words that may stand where one is begun, in ordinal order.</summary>
    /// <param name="before">The line before that word.</param>
    /// <param name="begun">What of it is typed.</param>
    internal static IReadOnlyList<string> Candidates(IReadOnlyList<PaletteDescription> palettes, string before, string begun) =>
        CommandWords.TrySplit(before, out var words, out _)
            ? [.. Next(palettes, words).Where(word => word.StartsWith(begun, StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal)]
            : [];

    /// <summary>Gives what all candidates begin with.</summary>
    internal static string SharedStart(IReadOnlyList<string> candidates)
    {
        var shared = candidates.Count == 0 ? "" : candidates[0];
        foreach (var candidate in candidates.Skip(1))
        {
            var length = shared.AsSpan().CommonPrefixLength(candidate);
            shared = shared[..length];
        }

        return shared;
    }

    private static IEnumerable<string> Next(IReadOnlyList<PaletteDescription> palettes, IReadOnlyList<string> words)
    {
        if (words.Count == 0)
        {
            return [.. palettes.Select(palette => palette.Name), .. OwnWords];
        }

        if (palettes.FirstOrDefault(one => one.Name == words[0]) is not { } palette)
        {
            return [];
        }

        // Of a command of several words the next one, while others of its words are typed.
        var typed = words.Skip(1).ToList();
        var following = palette.Commands.Select(command => command.Name.Split(' '))
            .Where(name => name.Length > typed.Count && name.Take(typed.Count).SequenceEqual(typed, StringComparer.Ordinal))
            .Select(name => name[typed.Count]);
        return [.. following, .. Switches(palettes, words)];
    }

    private static IEnumerable<string> Switches(IReadOnlyList<PaletteDescription> palettes, IReadOnlyList<string> words)
    {
        CommandMatch match;
        try
        {
            match = CommandMatch.Find(palettes, words);
        }
        catch (PbmFailure)
        {
            return [];      // what stands there is no command, so it has no switches
        }

        if (match.Command is not { } command)
        {
            return [];
        }

        var given = match.Rest.ToHashSet(StringComparer.Ordinal);
        var last = match.Rest.Count > 0 ? match.Rest[^1] : "";
        var waits = command.Switches.Any(one => one.Type != PbmSwitchType.Flag && (last == "--" + one.Name || last == "-" + one.Letter));
        return waits ? [] : command.Switches.Where(one => !given.Contains("--" + one.Name) && !given.Contains("-" + one.Letter))
            .Select(one => "--" + one.Name).Concat(OwnSwitches.Where(own => !given.Contains(own)));
    }
}

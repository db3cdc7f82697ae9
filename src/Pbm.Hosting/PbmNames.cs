using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Hosting;

/// <summary>The form of what operators type. A name that breaks it is a defect of the palette, so it is an argument's exception.</summary>
internal static class PbmNames
{
    internal static bool IsName(string? text, int wordsMax) =>
        text is { Length: > 0 and <= PbmLimits.NameLengthMax } && text.Split(' ') is var words && words.Length <= wordsMax && words.All(IsWord);

    internal static void Check(string? name, int wordsMax)
    {
        if (!IsName(name, wordsMax))
        {
            throw new ArgumentException(
                $"'{name}' must be at most {wordsMax} words of a–z 0–9 -, each with a letter first, and {PbmLimits.NameLengthMax} characters in all.", nameof(name));
        }
    }

    internal static void CheckDescription(string name, string? description)
    {
        if (description is not { Length: > 0 and <= PbmLimits.DescriptionLengthMax })
        {
            throw new ArgumentException(
                $"'{name}' needs a description of at most {PbmLimits.DescriptionLengthMax} characters.", nameof(description));
        }
    }

    internal static void CheckList(string owner, IEnumerable<string> names, int countMax)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (!seen.Add(name))
            {
                throw new ArgumentException($"'{owner}' has '{name}' twice.", nameof(names));
            }
        }

        if (seen.Count > countMax)
        {
            throw new ArgumentException($"'{owner}' has {seen.Count} entries; at most {countMax} are described to a client.", nameof(names));
        }
    }

    private static bool IsWord(string word) =>
        word.Length > 0 && char.IsAsciiLetterLower(word[0]) && word.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-');
}

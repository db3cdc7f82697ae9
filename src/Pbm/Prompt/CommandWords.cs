using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Kyberium.Pbm.Prompt;

/// <summary>Cuts a typed line into words: blanks separate, quotes of either kind hold together, a backslash takes the next character as it is.</summary>
internal static class CommandWords
{
    /// <returns>False when a quote is left open; <paramref name="problem"/> then says which.</returns>
    internal static bool TrySplit(string line, out IReadOnlyList<string> words, [NotNullWhen(false)] out string? problem)
    {
        var found = new List<string>();
        var word = new StringBuilder();
        var (quote, inWord) = ('\0', false);
        for (var at = 0; at < line.Length; at++)
        {
            var letter = line[at];
            if (letter == '\\' && quote != '\'' && at + 1 < line.Length)
            {
                word.Append(line[++at]);
                inWord = true;
            }
            else if (quote == '\0' && letter is '"' or '\'' && quote == '\0')
            {
                (quote, inWord) = (letter, true);
            }
            else if (letter == quote && quote != '\0')
            {
                quote = '\0';
            }
            else if (quote == '\0' && char.IsWhiteSpace(letter))
            {
                if (inWord)
                {
                    found.Add(word.ToString());
                    word.Clear();
                    inWord = false;
                }
            }
            else
            {
                word.Append(letter);
                inWord = true;
            }
        }

        if (inWord)
        {
            found.Add(word.ToString());
        }

        words = found;
        problem = quote == '\0' ? null : $"the quote {quote} is not closed";
        return problem is null;
    }
}

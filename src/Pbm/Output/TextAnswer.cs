using System.Globalization;
using System.Text;
using Kyberium.Pbm.Hosting;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Output;

/// <summary>For people: a line an item, values separated by bars, and the count at the end.</summary>
internal sealed class TextAnswer(TextWriter output) : Answer(output)
{
    internal override Task BeginAsync(DateTimeOffset now) =>
        Output.WriteLineAsync(now.UtcDateTime.ToString("'-- 'yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture));

    internal override Task WriteAsync(PbmMessage.Item item) =>
        Output.WriteLineAsync(Printable(item.Text ?? string.Join(" | ", item.Fields.Select(field => PbmItem.ShowValue(field.Value)))));

    internal override Task EndAsync(long count, string items) =>
        Output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"Count: {count} {items}"));

    /// <summary>Shows control characters as what they are: what a process prints may come from its peers, and must not steer a terminal.</summary>
    internal static string Printable(string text)
    {
        if (!text.Any(IsSteering))
        {
            return text;
        }

        var shown = new StringBuilder();
        foreach (var letter in text)
        {
            _ = IsSteering(letter) ? shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}") : shown.Append(letter);
        }

        return shown.ToString();
    }

    // Marks that turn the direction of writing belong to them: they make a line read as another.
    private static bool IsSteering(char letter) =>
        (char.IsControl(letter) && letter != '\n') || letter is >= '\u202a' and <= '\u202e' or >= '\u2066' and <= '\u2069';
}

using System.Globalization;
using System.Text;

namespace Kyberium.Host.Commands.Messages;

/// <summary>Makes a peer's bytes safe to show: no control character of theirs reaches the terminal.</summary>
internal static class PrintableText
{
    internal static string Of(ReadOnlySpan<byte> payload)
    {
        var text = new StringBuilder(payload.Length);
        while (!payload.IsEmpty)
        {
            var isValid = Rune.DecodeFromUtf8(payload, out var rune, out var consumed) == System.Buffers.OperationStatus.Done;
            if (isValid && rune.Value != '\\' && !IsHidden(rune))
            {
                text.Append(rune.ToString());
            }
            else
            {
                foreach (var value in payload[..consumed])
                {
                    text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
                }
            }

            payload = payload[consumed..];
        }

        return text.ToString();
    }

    // Control characters steer terminals; format characters turn text around; separators end lines.
    private static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}

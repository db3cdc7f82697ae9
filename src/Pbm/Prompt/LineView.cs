namespace Kyberium.Pbm.Prompt;

/// <summary>How a line being typed is drawn: on one row of the terminal, whatever its length.</summary>
internal static class LineView
{
    /// <summary>Gives what to write so that the row shows the line, with the cursor where it stands.</summary>
    /// <param name="prompt">What stands before it.</param>
    /// <param name="line">The line.</param>
    /// <param name="width">The terminal's columns; below 20 it is taken for 20.</param>
    internal static string Draw(string prompt, LineEditor line, int width)
    {
        // The last column stays free: writing there would wrap.
        var room = Math.Max(8, Math.Max(20, width) - prompt.Length - 1);
        var first = Math.Max(0, line.Cursor - room);
        var shown = line.Text.Substring(first, Math.Min(room, line.Text.Length - first));
        var back = first + shown.Length - line.Cursor;
        return $"\r{prompt}{Output.TextAnswer.Printable(shown)}\u001b[K{(back > 0 ? $"\u001b[{back}D" : "")}";
    }
}

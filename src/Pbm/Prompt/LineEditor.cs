namespace Kyberium.Pbm.Prompt;

/// <summary>A line being typed: what keys make of it. Pure; a terminal only feeds and shows it.</summary>
/// <param name="Text">The line, at most <see cref="LengthMax"/> characters.</param>
/// <param name="Cursor">Before which character it stands: 0 to the length.</param>
/// <param name="Back">How many lines back in the history it is; 0: the line of its own.</param>
/// <param name="Own">What was typed before going back.</param>
internal sealed record LineEditor(string Text = "", int Cursor = 0, int Back = 0, string Own = "")
{
    internal const int LengthMax = 4_096;

    /// <summary>Makes of the line what a key does to it. Keys that end it change nothing here.</summary>
    internal LineEditor Press(Key key, IReadOnlyList<string> history) => key.Kind switch
    {
        KeyKind.Character when Text.Length < LengthMax => Edited(Text.Insert(Cursor, key.Character.ToString()), Cursor + 1),
        KeyKind.Left => At(Cursor - 1),
        KeyKind.Right => At(Cursor + 1),
        KeyKind.Home => At(0),
        KeyKind.End => At(Text.Length),
        KeyKind.Backspace when Cursor > 0 => Edited(Text.Remove(Cursor - 1, 1), Cursor - 1),
        KeyKind.Delete or KeyKind.EndOfInput when Cursor < Text.Length => Edited(Text.Remove(Cursor, 1), Cursor),
        KeyKind.DeleteToStart => Edited(Text[Cursor..], 0),
        KeyKind.DeleteToEnd => Edited(Text[..Cursor], Cursor),
        KeyKind.DeleteWord => Edited(Text.Remove(WordStart, Cursor - WordStart), WordStart),
        KeyKind.Up when Back < history.Count => Recalled(history, Back + 1),
        KeyKind.Down when Back > 0 => Recalled(history, Back - 1),
        _ => this,
    };

    /// <summary>Puts a completed word where the word before the cursor began.</summary>
    internal LineEditor Complete(string word) =>
        Text.Length + word.Length <= LengthMax ? Edited(Text[..WordBegin] + word + Text[Cursor..], WordBegin + word.Length) : this;

    /// <summary>Gets the words before the one at the cursor, and what of that is typed.</summary>
    internal (string Before, string Begun) AtCursor => (Text[..WordBegin], Text[WordBegin..Cursor]);

    private int WordBegin => Text.AsSpan(0, Cursor).LastIndexOf(' ') + 1;

    private int WordStart => Text.AsSpan(0, Text.AsSpan(0, Cursor).TrimEnd(' ').Length).LastIndexOf(' ') + 1;

    private LineEditor At(int cursor) => this with { Cursor = Math.Clamp(cursor, 0, Text.Length) };

    private static LineEditor Edited(string text, int cursor) => new(text, cursor);

    private LineEditor Recalled(IReadOnlyList<string> history, int back)
    {
        var own = Back == 0 ? Text : Own;
        var text = back == 0 ? own : history[^back];
        return new LineEditor(text, text.Length, back, own);
    }
}

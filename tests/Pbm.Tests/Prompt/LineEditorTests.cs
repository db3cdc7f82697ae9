using Kyberium.Pbm.Prompt;

namespace Kyberium.Pbm.Tests.Prompt;

/// <summary>Goal: keys do to a line what shells have taught hands. In the texts | is the cursor.</summary>
public sealed class LineEditorTests
{
    private static readonly string[] History = ["first", "second"];

    [Theory]
    [InlineData("ab|", "x", "abx|")]
    [InlineData("a|b", "x", "ax|b")]
    [InlineData("ab|", "<Left>", "a|b")]
    [InlineData("|ab", "<Left>", "|ab")]
    [InlineData("a|b", "<Right>", "ab|")]
    [InlineData("ab|", "<Right>", "ab|")]
    [InlineData("a|b", "<Home>", "|ab")]
    [InlineData("a|b", "<End>", "ab|")]
    [InlineData("ab|c", "<Backspace>", "a|c")]
    [InlineData("|abc", "<Backspace>", "|abc")]
    [InlineData("a|bc", "<Delete>", "a|c")]
    [InlineData("abc|", "<Delete>", "abc|")]
    [InlineData("a|bc", "<EndOfInput>", "a|c")]
    [InlineData("ab|cd", "<DeleteToStart>", "|cd")]
    [InlineData("ab|cd", "<DeleteToEnd>", "ab|")]
    [InlineData("one two |", "<DeleteWord>", "one |")]
    [InlineData("one tw|o", "<DeleteWord>", "one |o")]
    [InlineData("ab|", "<Other>", "ab|")]
    [InlineData("own|", "<Up>", "second|")]
    [InlineData("own|", "<Up><Up>", "first|")]
    [InlineData("own|", "<Up><Up><Up>", "first|")]
    [InlineData("own|", "<Up><Up><Down>", "second|")]
    [InlineData("own|", "<Up><Down>", "own|")]
    [InlineData("own|", "<Down>", "own|")]
    [InlineData("own|", "<Up>!<Up>", "second|")]
    public void A_key_does_what_it_is_for(string before, string keys, string after)
    {
        var line = Parse(before);
        foreach (var key in Keys(keys))
        {
            line = line.Press(key, History);
        }

        Assert.Equal(after, Show(line));
    }

    [Fact]
    public void A_line_has_an_end()
    {
        var line = Parse(new string('x', LineEditor.LengthMax) + "|");

        Assert.Equal(line, line.Press(new Key(KeyKind.Character, 'y'), History));
    }

    [Theory]
    [InlineData("session li|", "list ", "session list |")]
    [InlineData("se| -p x", "session ", "session | -p x")]
    [InlineData("|", "node ", "node |")]
    public void A_completion_takes_the_place_of_the_word_begun(string before, string word, string after) =>
        Assert.Equal(after, Show(Parse(before).Complete(word)));

    [Fact]
    public void The_history_leaves_out_repeats_and_blanks_and_forgets_the_oldest()
    {
        var history = new History();
        foreach (var line in (string[])["a", "a", " ", "b", "a"])
        {
            history.Add(line);
        }

        Assert.Equal(["a", "b", "a"], history.Lines);
        for (var number = 0; number < Kyberium.Pbm.Prompt.History.CountMax; number++)
        {
            history.Add($"line {number}");
        }

        Assert.Equal((Kyberium.Pbm.Prompt.History.CountMax, "line 0"), (history.Lines.Count, history.Lines[0]));
    }

    [Theory]
    [InlineData("ab|", 80, "\r> ab\u001b[K")]
    [InlineData("a|b", 80, "\r> ab\u001b[K\u001b[1D")]
    [InlineData("0123456789012345678901234|", 20, "\r> 89012345678901234\u001b[K")]
    [InlineData("|0123456789012345678901234", 20, "\r> 01234567890123456\u001b[K\u001b[17D")]
    public void A_line_is_drawn_on_one_row(string line, int width, string drawn) => Assert.Equal(drawn, LineView.Draw("> ", Parse(line), width));

    [Theory]
    [InlineData("a  b\tc", new[] { "a", "b", "c" })]
    [InlineData("a \"b c\" 'd \"e'", new[] { "a", "b c", "d \"e" })]
    [InlineData("a\\ b \"c\\\"d\" 'e\\f'", new[] { "a b", "c\"d", "e\\f" })]
    [InlineData("\"\" x", new[] { "", "x" })]
    [InlineData("", new string[0])]
    public void A_line_is_cut_into_words(string line, string[] words)
    {
        Assert.True(CommandWords.TrySplit(line, out var found, out _));
        Assert.Equal(words, found);
    }

    [Theory, InlineData("a \"b"), InlineData("'")]
    public void An_open_quote_is_told(string line) => Assert.False(CommandWords.TrySplit(line, out _, out _));

    private static LineEditor Parse(string text) => new(text.Remove(text.IndexOf('|', StringComparison.Ordinal), 1), text.IndexOf('|', StringComparison.Ordinal));

    private static string Show(LineEditor line) => line.Text.Insert(line.Cursor, "|");

    private static IEnumerable<Key> Keys(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '<')
            {
                var end = text.IndexOf('>', at);
                yield return new Key(Enum.Parse<KeyKind>(text[(at + 1)..end]));
                at = end;
            }
            else
            {
                yield return new Key(KeyKind.Character, text[at]);
            }
        }
    }
}

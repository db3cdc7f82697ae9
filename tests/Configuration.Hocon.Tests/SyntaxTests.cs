namespace Kyberium.Configuration.Hocon.Tests;

/// <summary>HOCON.md, "Syntax" up to "Multi-line strings", with the examples of the specification.</summary>
public sealed class SyntaxTests
{
    [Theory]
    [InlineData("""{"a":1}""", "a=1 # x\n// y")]
    [InlineData("""{"a":"b#c//d"}""", """a="b#c//d" """)]
    [InlineData("""{"a":[10,11]}""", "a=[ 10 // comment\n, 11] # end")]
    [InlineData("""{"a":10}""", "a # key\n : // separator\n 10")]
    [InlineData("{}", "# only a comment")]
    public void Comments_are_ignored_outside_quotes(string json, string hocon) => HoconJson.Same(json, hocon);

    [Theory]
    [InlineData("{}", "")]
    [InlineData("{}", " \n \uFEFF\n")]
    [InlineData("""{"a":1}""", "a:1")]
    [InlineData("""{"a":1}""", "{a:1}")]
    [InlineData("[1]", "[1]")]
    public void Root_braces_may_be_omitted(string json, string hocon) => HoconJson.Same(json, hocon);

    [Theory]
    [InlineData("a:1 }"), InlineData("{a:1"), InlineData("{}x"), InlineData("[]x"), InlineData("{}{}"), InlineData("[]true")]
    public void Root_braces_must_balance(string hocon) => HoconJson.Problem(hocon);

    [Theory]
    [InlineData("""{"foo":{}}""", "\"foo\" {}")]
    [InlineData("""{"foo":{}}""", "foo\n{}")]
    [InlineData("""{"foo baz":{"bar":42}}""", "foo baz { bar = 42 }")]
    [InlineData("""{"foo":42}""", "foo =\n 42")]
    public void Separator_is_colon_equals_or_nothing_before_a_brace(string json, string hocon) => HoconJson.Same(json, hocon);

    [Theory]
    [InlineData("[1,2,3]", "[1,2,3,]")]
    [InlineData("[1,2,3]", "[1\n2\n3]")]
    [InlineData("[1,2,3]", "[1,2,3\n\n , \n]")]
    [InlineData("""{"a":1,"b":2}""", "{a:1\n,b:2,}")]
    public void Newline_separates_and_one_trailing_comma_is_ignored(string json, string hocon) => HoconJson.Same(json, hocon);

    [Theory]
    [InlineData("[1,2,3,,]"), InlineData("[,1,2,3]"), InlineData("[1,,2,3]"), InlineData("[,]")]
    [InlineData("{a:1,,}"), InlineData("{,a:1}"), InlineData("a:1,,b:2"), InlineData("{\"a\":true \"b\":false}")]
    public void Other_commas_are_refused(string hocon) => Assert.NotEmpty(HoconJson.Problems(hocon));

    [Theory]
    [InlineData('\u00A0'), InlineData('\u2007'), InlineData('\u202F'), InlineData('\uFEFF'), InlineData('\t'), InlineData('\v')]
    [InlineData('\f'), InlineData('\r'), InlineData('\u001C'), InlineData('\u001F'), InlineData('\u2028'), InlineData('\u3000')]
    public void Unicode_whitespace_is_whitespace(char blank) => HoconJson.Same("""{"a":1}""", $"{blank}a{blank}={blank}1{blank}");

    [Fact]
    public void Only_line_feed_is_a_newline() => HoconJson.Same("""["1\r2\u20283"]""", "[1\r2\u20283]");

    [Theory]
    [InlineData("""{ "foo" : { "a" : 42, "b" : 43 } }""", """{ "foo" : { "a" : 42 }, "foo" : { "b" : 43 } }""")]
    [InlineData("""{ "foo" : { "b" : 43 } }""", """{ "foo" : { "a" : 42 }, "foo" : null, "foo" : { "b" : 43 } }""")]
    [InlineData("""{ "foo" : 2 }""", "foo=1, foo=2")]
    [InlineData("""{ "a" : { "x" : { "p" : 1, "q" : 3 } } }""", "a { x { p=1, q=2 } }, a { x { q=3 } }")]
    public void Objects_merge_and_other_values_replace(string json, string hocon) => HoconJson.Same(json, hocon);

    [Theory]
    [InlineData("\"truefoo\"", "truefoo"), InlineData("\"footrue\"", "footrue"), InlineData("\"10.0bar\"", "10.0bar")]
    [InlineData("\"bar10.0\"", "bar10.0"), InlineData("true", "true"), InlineData("null", "null"), InlineData("-1.5e3", "-1.5e3")]
    [InlineData("\"1.0.0\"", "1.0.0"), InlineData("\"2026-11-21\"", "2026-11-21"), InlineData("\"/a/b\"", "/a/b")]
    [InlineData("\"10e3e3\"", "10e3e3"), InlineData("\"(42)\"", "(42)"), InlineData("\"007\"", "007"), InlineData("\"tru\"", "tru")]
    public void Unquoted_strings_numbers_and_words(string json, string value) => HoconJson.Same($"[{json}]", $"[{value}]");

    [Theory]
    [InlineData("="), InlineData("+"), InlineData("`"), InlineData("^"), InlineData("?"), InlineData("!"), InlineData("@")]
    [InlineData("*"), InlineData("&"), InlineData("\\"), InlineData("$"), InlineData("10e+3e"), InlineData(":"), InlineData("+=")]
    public void Reserved_characters_must_be_quoted(string text)
    {
        HoconJson.Problem($"[ a, {text}, b ]");
        HoconJson.Same($$"""{"a":"{{text.Replace("\\", "\\\\", StringComparison.Ordinal)}}"}""",
            $"a=\"{text.Replace("\\", "\\\\", StringComparison.Ordinal)}\"");
    }

    [Fact]
    public void Quoted_strings_have_the_escapes_of_json() =>
        HoconJson.Same("""["\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00"]""", """["\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00"]""");

    [Theory]
    [InlineData("a=\"x\ny\""), InlineData("a=\"x\ty\""), InlineData("""a="\x" """), InlineData("""a="\u12" """), InlineData("a=\"")]
    [InlineData("a=\"x\\")]
    public void Other_quoted_strings_are_refused(string hocon) => Assert.NotEmpty(HoconJson.Problems(hocon));

    [Theory]
    [InlineData("foo\\\"", "foo\"")]
    [InlineData("a\\nb", "a\nb")]
    [InlineData("\\\\u0041\\\\n", "\\u0041\\n")]
    [InlineData("", "")]
    public void Triple_quoted_strings_are_verbatim(string json, string content) =>
        HoconJson.Same($$"""{"a":"{{json}}","b":1}""", $"a=\"\"\"{content}\"\"\", b=1");

    [Fact]
    public void Lines_are_counted_through_triple_quoted_strings() =>
        Assert.Equal((4, 1), (HoconJson.Problem("a=\"\"\"x\ny\nz\"\"\"\n!").Line, HoconJson.Problem("a=\"\"\"x\ny\nz\"\"\"\n!").Column));

    [Theory]
    [InlineData("{ 1,2 }"), InlineData("{ foo : }"), InlineData("{ : 10 }"), InlineData("foo :"), InlineData(": 10"), InlineData("{ \"foo\" }")]
    [InlineData("{ a : [ }"), InlineData("{ foo : 10, true }"), InlineData("{ foo \n bar : 10 }"), InlineData("[ 1, \\")]
    [InlineData("[:\"foo\", \"bar\"]"), InlineData("[ \"hello ]"), InlineData("[ 10, }]"), InlineData("[ 10, {]"), InlineData("{"), InlineData("]")]
    [InlineData("10"), InlineData("\"foo\""), InlineData("foo = bar [ "), InlineData("10 +="), InlineData("+= 10"), InlineData("[ # comment ]")]
    [InlineData("a="), InlineData("a.b="), InlineData("{ a= }"), InlineData("a=\nb=2"), InlineData("a = \"\"\"x")]
    public void Malformed_documents_are_refused(string hocon) => Assert.NotEmpty(HoconJson.Problems(hocon));
}

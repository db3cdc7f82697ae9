namespace Kyberium.Configuration.Hocon.Tests;

/// <summary>HOCON.md, "Value concatenation", "Path expressions" and "Paths as keys".</summary>
public sealed class ConcatenationTests
{
    [Theory]
    [InlineData("foo bar baz", " foo bar baz ")]
    [InlineData("foo  bar", "foo  \"bar\"")]
    [InlineData("true foo", "true foo")]
    [InlineData("null bar 42 baz true 3.14 hi", "null bar 42 baz true 3.14 \"hi\"")]
    [InlineData("1e5 x", "1e5 x")]
    [InlineData("1 2 3 4", "1 2 3 4")]
    [InlineData("a b", "\"a \"b")]
    public void Simple_values_join_with_the_whitespace_between(string text, string hocon) =>
        HoconJson.Same($$"""{"a":"{{text}}","b":["{{text}}"]}""", $"a : {hocon}\nb : [ {hocon} ]");

    [Fact]
    public void A_single_value_keeps_its_type() => HoconJson.Same("""{"a":true,"b":1e5,"c":null}""", "a:true\nb:1e5\nc:null");

    [Theory]
    [InlineData("a : { b : 1, c : 2 }"), InlineData("a : { b : 1 } { c : 2 }"), InlineData("a : { b : 1 }\na : { c : 2 }")]
    public void Objects_merge_in_several_ways(string hocon) => HoconJson.Same("""{"a":{"b":1,"c":2}}""", hocon);

    [Theory]
    [InlineData("a : [ 1, 2, 3, 4 ]"), InlineData("a : [ 1, 2 ] [ 3, 4 ]"), InlineData("a : [ 1, 2 ]\na : ${a} [ 3, 4 ]")]
    public void Lists_join_in_several_ways(string hocon) => HoconJson.Same("""{"a":[1,2,3,4]}""", hocon);

    [Fact]
    public void Substitution_inherits_an_object() => HoconJson.Same(
        """{"data-center-generic":{"cluster-size":6},"data-center-east":{"cluster-size":6,"name":"east"}}""",
        "data-center-generic = { cluster-size = 6 }\ndata-center-east = ${data-center-generic} { name = \"east\" }");

    [Fact]
    public void Substitution_adds_to_a_path() =>
        HoconJson.Same("""{"path":["/bin","/usr/bin"]}""", "path = [ /bin ]\npath = ${path} [ /usr/bin ]");

    [Fact]
    public void Whitespace_between_substitutions_counts_only_for_strings() => HoconJson.Same(
        """{"a":[1],"b":[2],"c":[1,2],"s":"x","t":"x  x","o":{"p":1},"q":{"p":1}}""",
        "a=[1]\nb=[2]\nc=${a}  ${b}\ns=x\nt=${s}  ${s}\no={p:1}\nq=${o} ${o}");

    [Theory]
    [InlineData("a=[1]\nb=[2]\nc=${a}\" \"${b}"), InlineData("a=[1]\nb=x${a}"), InlineData("a={c:1}\nb=x${a}y"), InlineData("a=[1]{b:1}")]
    [InlineData("a=[1] x"), InlineData("a={b:1} x"), InlineData("a=null\nb=${a}{c:1}")]
    public void Kinds_cannot_be_mixed(string hocon) => Assert.Contains("joined", HoconJson.Problem(hocon).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("[[1,2,3,4]]", "[ [ 1, 2 ] [ 3, 4 ] ]")]
    [InlineData("[[1,2],[3,4]]", "[ [ 1, 2 ]\n[ 3, 4 ] ]")]
    [InlineData("[1,2,3,4]", "[ 1\n2\n3\n4 ]")]
    public void Whitespace_joins_and_newlines_separate_elements(string json, string hocon) => HoconJson.Same(json, hocon);

    [Fact]
    public void Strings_join_in_elements() => HoconJson.Same(
        """{"name":"Al","world":"w","a":["This is an unquoted string my name is Al, Hello w"],"b":["Al w","w Al"]}""",
        "name=Al, world=w\na=[ This is an unquoted string my name is ${name}\", Hello \"${world} ]\nb=[ ${name} ${world}, ${world} ${name} ]");

    [Theory]
    [InlineData("""{"a":["x","y","z"]}""", "a=[x] {\"0\":y, \"1\":z}")]
    [InlineData("""{"i":{"2":"c","0":"a","x":"ignored"},"a":["a","c","d"]}""", "i={2:c,0:a,x:ignored}\na=${i}[d]")]
    public void Numerically_indexed_objects_become_lists_where_a_list_is_expected(string json, string hocon) => HoconJson.Same(json, hocon);

    [Theory]
    [InlineData("a=[x] {}"), InlineData("a=[x] {y:1}"), InlineData("a=[x] {\"-1\":1}")]
    public void Objects_without_an_index_become_no_list(string hocon) => HoconJson.Problem(hocon);

    [Theory]
    [InlineData("""{"foo":{"bar":{"hello.world":1}}}""", "foo.bar.\"hello.world\" : 1")]
    [InlineData("""{"10":{"0foo":1}}""", "10.0foo : 1")]
    [InlineData("""{"foo10":{"0":1}}""", "foo10.0 : 1")]
    [InlineData("""{"foo10.0":1}""", "foo\"10.0\" : 1")]
    [InlineData("""{"1":{"2":{"3":1}}}""", "1.2.3 : 1")]
    [InlineData("""{"a":{"":{"b":1}}}""", "a.\"\".b : 1")]
    [InlineData("""{"":1}""", "\"\" : 1")]
    [InlineData("""{"true":42}""", "true : 42")]
    [InlineData("""{"3":42}""", "3 : 42")]
    [InlineData("""{"3":{"14":42}}""", "3.14 : 42")]
    [InlineData("""{"a b c":42}""", "a b c : 42")]
    [InlineData("""{"foo":{"bar":{"baz":42}}}""", "foo.bar.baz : 42")]
    [InlineData("""{"a":{"x":42,"y":43}}""", "a.x : 42, a.y : 43")]
    [InlineData("""{"-a-b":1}""", "-a-b : 1")]
    [InlineData("""{"/a/b/c":10}""", "/a/b/c : 10")]
    public void Keys_are_paths(string json, string hocon) => HoconJson.Same(json, hocon);

    [Theory]
    [InlineData("a..b : 1"), InlineData(".a : 1"), InlineData("a. : 1"), InlineData(". : 1"), InlineData("x=${a..b}"), InlineData("x=${.a}")]
    public void Empty_path_elements_must_be_quoted(string hocon) =>
        Assert.Contains("empty element", HoconJson.Problem(hocon).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("${a} = 1"), InlineData("a${b} = 1"), InlineData("[a] = 1"), InlineData("{a:1} = 1")]
    public void Keys_hold_no_substitution_list_or_object(string hocon) => Assert.NotEmpty(HoconJson.Problems(hocon));
}

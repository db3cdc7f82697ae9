namespace Kyberium.Configuration.Hocon.Tests;

/// <summary>HOCON.md, "Includes" and "Java properties mapping".</summary>
public sealed class IncludeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("include \"x.conf\""), InlineData("include\n \"x.conf\""), InlineData("include\"x.conf\""), InlineData("include file(\"x.conf\")")]
    [InlineData("include required(\"x.conf\")"), InlineData("include required( file( \"x.conf\" ) )"), InlineData("include \"x\"")]
    [InlineData("{ include \"x\", }"), InlineData("include \"sub/../x.conf\"")]
    public void Forms_of_include(string hocon)
    {
        _folder.Write("x.conf", "a = 1");

        Same("""{"a":1}""", hocon);
    }

    [Theory]
    [InlineData("""{"foo include":42}""", "foo include : 42"), InlineData("""{"foo":"include"}""", "foo : include")]
    [InlineData("""["include"]""", "[ include ]"), InlineData("""{"include":42}""", "\"include\" : 42"), InlineData("""{"include":{"x":1}}""", "\"include\".x=1")]
    public void Include_is_special_only_at_the_start_of_a_key(string json, string hocon) => Same(json, hocon);

    [Theory]
    [InlineData("include foo"), InlineData("include : { a : 1 }"), InlineData("include \"x\" : 10"), InlineData("include \"x\" y")]
    [InlineData("include ${x}"), InlineData("include file(\"x\""), InlineData("include other(\"x\")"), InlineData("include")]
    [InlineData("include \"\""), InlineData("include file(x)"), InlineData("include required(file(\"x\")"), InlineData("include file(\"x\"))")]
    public void Malformed_includes_are_refused(string hocon) => Assert.NotEmpty(Problems(hocon));

    [Theory]
    [InlineData("include url(\"http://localhost/x.conf\")"), InlineData("include classpath(\"x.conf\")"), InlineData("include \"https://localhost/x\"")]
    [InlineData("include required(url(\"file:///x\"))")]
    public void Only_files_are_included(string hocon) =>
        Assert.Contains("only files can be included", Assert.Single(Problems(hocon)).Message, StringComparison.Ordinal);

    [Fact]
    public void Included_keys_merge_at_their_place()
    {
        _folder.Write("x.conf", "a { p = 1, q = 2 }, b = 3");

        Same("""{"a":{"o":0,"p":9,"q":2},"b":3,"c":4}""", "a { o = 0, p = 0 }\nb = 1\ninclude \"x\"\nc = 4\na.p = 9");
    }

    [Fact]
    public void Substitutions_of_an_included_file_look_beside_themselves_then_at_the_root()
    {
        _folder.Write("foo.conf", "x : 10, y : ${x}, z : ${w}, v : ${?nowhere}");

        Same("""{"a":{"x":42,"y":42,"z":7},"w":7}""", "{ a : { include \"foo.conf\" }\n a : { x : 42 }\n w : 7 }");
    }

    [Fact]
    public void Nested_includes_look_at_every_including_file()
    {
        _folder.Write("outer.conf", "inner { include \"inner\" }, mid = 2");
        _folder.Write("inner.conf", "own = 1, l = [${own}, ${mid}, ${top}], own-list += 1");

        Same("""{"a":{"inner":{"own":1,"l":[1,2,3],"own-list":[1]},"mid":2},"top":3}""", "a { include \"outer\" }, top = 3");
    }

    [Fact]
    public void An_include_in_a_list_element_looks_beside_itself()
    {
        _folder.Write("x.conf", "p = 1, q = ${p}, r = ${top}");

        Same("""{"l":[{"p":1,"q":1,"r":5},{"p":2,"q":2,"r":5}],"top":5}""", "l = [{ include \"x\" }, { include \"x\", p = 2 }], top = 5");
    }

    [Fact]
    public void Includes_are_relative_to_the_including_file()
    {
        _folder.Write("sub/one.conf", "include \"two\"");
        _folder.Write("sub/two.conf", "a = 2");
        _folder.Write("two.conf", "a = wrong");

        Same("""{"a":2}""", "include \"sub/one.conf\"");
    }

    [Fact]
    public void Absolute_includes_stay_absolute() =>
        Assert.Equal("1", HoconDocument.Parse($"include \"{_folder.Write("x.conf", "a=1")}\"", HoconJson.NoEnvironment).Values["a"]);

    [Fact]
    public void A_name_without_ending_merges_properties_then_json_then_conf()
    {
        _folder.Write("x.properties", "a=p\nb=p\nc=p");
        _folder.Write("x.json", """{"a":"j","b":"j"}""");
        _folder.Write("x.conf", "a=c");

        Same("""{"a":"c","b":"j","c":"p"}""", "include \"x\"");
    }

    [Fact]
    public void Missing_files_are_skipped_unless_required()
    {
        Same("""{"a":1}""", "include \"none\"\ninclude \"none.conf\", a = 1");

        var problems = Problems("a {\n include required(\"none\")\n}\ninclude required(file(\"none.json\"))");
        Assert.Equal([(2, "a"), (4, "")], problems.Select(problem => (problem.Line, problem.Key)));
        Assert.All(problems, problem => Assert.Contains("does not exist", problem.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Include_cycles_are_refused()
    {
        _folder.Write("x.conf", "include \"y\"");
        _folder.Write("y.conf", "include \"x.conf\"");
        _folder.Write("self.conf", "include \"self\"");

        Assert.Contains("includes itself", Assert.Single(Problems("include \"x\"")).Message, StringComparison.Ordinal);
        var path = _folder.PathOf("self.conf");
        Assert.Equal(path, Assert.Throws<HoconException>(() => HoconDocument.Load(path)).Problems.Single().File);
    }

    [Fact]
    public void Included_lists_unknown_endings_and_relative_names_without_a_folder_are_refused()
    {
        _folder.Write("list.conf", "[1]");
        _folder.Write("x.hocon", "a=1");

        Assert.Contains("only objects", Assert.Single(Problems("include \"list\"")).Message, StringComparison.Ordinal);
        Assert.Contains("rename it", Assert.Single(Problems("include \"x.hocon\"")).Message, StringComparison.Ordinal);
        Assert.Contains("no folder", HoconJson.Problem("include \"x\"").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Problems_of_all_files_come_together()
    {
        var x = _folder.Write("x.conf", "ok = 1\nb = ]\n");
        var y = _folder.Write("y.json", "{\n\"a\": 1,\n}");
        var root = _folder.Write("root.conf", "include \"x\"\ninclude \"y\"\nc = ${nope}\nd d\n");

        var problems = Assert.Throws<HoconException>(() => HoconDocument.Load(root, HoconJson.NoEnvironment)).Problems;

        Assert.Equal(
            [(root, 4, "d d"), (x, 2, "b"), (y, 3, ""), (root, 3, "c")],
            problems.Select(problem => (problem.File, problem.Line, problem.Key.Trim('"'))));
    }

    [Theory]
    [InlineData("{\"a\":{\"b\":\"1\"}}", "a.b=1")]
    [InlineData("{\"a\":{\"b\":\"x\"}}", "a=hello\na.b=x")]
    [InlineData("{\"a\":{\"b\":\"x\"}}", "a.b=x\na=hello")]
    [InlineData("{\"\":{\"\":\"x\"},\"a\":{\"\":\"y\"}}", ".=x\na.=y")]
    [InlineData("{\"k\":\"v w\",\"c\":\"d\",\"e\":\"\"}", "# c\n! c\n k = v w\nc:d\ne")]
    [InlineData("{\"k\":\"onetwo\",\"l\":\"a\\tb\\u00e4=\"}", "k one\\\n   two\nl=a\\tb\\u00e4\\=")]
    [InlineData("{\"a b\":\"true\"}", "a\\ b=true")]
    public void Properties_files_hold_strings_at_dotted_keys(string json, string properties)
    {
        _folder.Write("x.properties", properties);

        Same(json, "include \"x.properties\"");
    }

    [Theory]
    [InlineData("{a:1}"), InlineData("{\"a\":1,}"), InlineData("{\"a\":${b}}"), InlineData("1"), InlineData(""), InlineData("{\"a\":\"\\ud800\"}")]
    public void Json_files_are_strict(string json)
    {
        _folder.Write("x.json", json);

        Assert.Single(Problems("include \"x.json\""));
    }

    private HoconReadOptions Options => HoconJson.NoEnvironment with { IncludeDirectory = _folder.PathOf(".") };

    private void Same(string json, string hocon) => HoconJson.Same(json, hocon, Options);

    private IReadOnlyList<HoconProblem> Problems(string hocon) => HoconJson.Problems(hocon, Options);
}

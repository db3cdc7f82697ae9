namespace Kyberium.Configuration.Hocon.Tests;

/// <summary>Problems: all together, each with its place, its key and what to do; and the bounds.</summary>
public sealed class ProblemTests
{
    [Fact]
    public void Every_problem_is_reported_where_it_is()
    {
        const string text = """
            engine {
              good = 1
              bad = ]
              shard {
                open = "x
                timeout = ${nowhere.at.all}
                a b c
                n = 5
              }
              list = [1, , 2, "\q", 3]
              equal = a = b
            }
            last = 1 }
            """;

        var problems = HoconJson.Problems(text, HoconJson.NoEnvironment with { SourceName = "node.conf" });

        Assert.All(problems, problem => Assert.Equal("node.conf", problem.File));
        Assert.Equal(
            ["3:9 engine.bad", "5:12 engine.shard.open", "7:5 engine.shard.\"a b c\"", "10:14 engine.list", "10:19 engine.list", "11:13 engine.equal",
             "6:5 engine.shard.timeout"],
            problems.Where(problem => problem.Key.Length > 0).Select(problem => $"{problem.Line}:{problem.Column} {problem.Key}"));
    }

    [Fact]
    public void Exception_lists_every_problem_in_its_message()
    {
        var exception = Assert.Throws<HoconException>(() => HoconDocument.Parse("a = ${x}\nb = ${y}", HoconJson.NoEnvironment));

        Assert.Equal(2, exception.Problems.Count);
        Assert.StartsWith("2 problems in the configuration:\n<text>:1:1: a: ${x} is not defined", exception.Message, StringComparison.Ordinal);
        Assert.Contains("<text>:2:1: b: ${y} is not defined", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_value_causes_no_second_problem() => Assert.Equal("a", HoconJson.Problem("a = @\nb = ${a}\nc = ${a.x}\nd = [${a}] ${a}").Key);

    [Fact]
    public void Problems_beyond_the_bound_are_counted()
    {
        var options = HoconJson.NoEnvironment with { Limits = new HoconLimits { ProblemCountMax = 2 } };

        var problems = HoconJson.Problems("a=@\nb=@\nc=@\nd=@", options);

        Assert.Equal(3, problems.Count);
        Assert.StartsWith("2 more problems", problems[2].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_utf8_are_a_problem_at_their_line()
    {
        using var stream = new MemoryStream([.. "a=1\nb="u8, 0xC3, 0x28]);

        var problem = Assert.Single(Assert.Throws<HoconException>(() => HoconDocument.Read(stream)).Problems);

        Assert.Equal((2, 3), (problem.Line, problem.Column));
    }

    [Fact]
    public void A_text_beyond_the_size_bound_is_refused()
    {
        var options = HoconJson.NoEnvironment with { Limits = new HoconLimits { FileBytesMax = 10 } };
        using var stream = new MemoryStream("a=12345678901"u8.ToArray());

        Assert.Contains("FileBytesMax", HoconJson.Problem("a=123456789", options).Message, StringComparison.Ordinal);
        Assert.Equal("12345678", HoconDocument.Parse("a=12345678", options).Values["a"]);
        Assert.Contains("FileBytesMax", Assert.Throws<HoconException>(() => HoconDocument.Read(stream, options)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData('[', ']'), InlineData('{', '}')]
    public void Nesting_is_bounded(char open, char close)
    {
        var text = string.Concat(Enumerable.Repeat(open == '{' ? "{a" : "[", 100_000)) + (open == '{' ? "=1" : "") + new string(close, 100_000);

        Assert.Contains("NestingDepthMax", HoconJson.Problem("x=" + text).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.b.c.d.e=1"), InlineData("a.b { c.d { e=1 } }"), InlineData("a=[[[[[1]]]]]"), InlineData("a.b={c.d=1}\nx.y.z=${a}")]
    public void Paths_and_substitutions_count_as_nesting(string hocon)
    {
        var options = HoconJson.NoEnvironment with { Limits = new HoconLimits { NestingDepthMax = 4 } };

        Assert.All(HoconJson.Problems(hocon, options), problem => Assert.Contains("NestingDepthMax", problem.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Expansion_of_values_is_bounded() =>
        Assert.Contains("expand beyond", HoconJson.Problem(Doubling(40, "[1]", i => $"[${{a{i}}},${{a{i}}}]")).Message, StringComparison.Ordinal);

    [Fact]
    public void Expansion_of_text_is_bounded() =>
        Assert.Contains("ExpansionCharsMax", HoconJson.Problem(Doubling(40, "xxxx", i => $"${{a{i}}}${{a{i}}}")).Message, StringComparison.Ordinal);

    [Fact]
    public void Tangled_cycles_cost_no_more_than_their_size()
    {
        var names = Enumerable.Range(0, 12).Select(i => $"a{i}").ToList();
        var text = string.Join('\n', names.Select(name => $"{name} = {string.Concat(names.Select(other => $"${{?{other}}}"))}x"));

        Assert.Equal(12, HoconDocument.Parse(text, HoconJson.NoEnvironment).Values.Count);
        Assert.Contains("depends on itself", HoconJson.Problem(text.Replace("?", "", StringComparison.Ordinal)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Chains_of_substitutions_are_bounded()
    {
        var text = string.Join('\n', Enumerable.Range(0, 5_000).Select(i => $"a{i} = ${{a{i + 1}}}")) + "\na5000 = 1";

        Assert.Contains("SubstitutionDepthMax", HoconJson.Problem(text).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_is_appended_to_hundreds_of_times() => Assert.Equal(
        250, HoconDocument.Parse(string.Concat(Enumerable.Repeat("l += x\n", 250)), HoconJson.NoEnvironment).Values.Count);

    [Fact]
    public void Long_input_is_not_repeated_in_full() =>
        Assert.InRange(HoconJson.Problem($"{new string('k', 100_000)} = ${{{new string('x', 100_000)}}}").ToString().Length, 1_000, 3_000);

    [Fact]
    public void Includes_are_bounded_in_depth_and_count()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 10; i++)
        {
            folder.Write($"f{i}.conf", $"include \"f{i + 1}\"\ninclude \"f{i + 1}\"");
        }

        folder.Write("f10.conf", "a=1");
        HoconReadOptions With(HoconLimits limits) => HoconJson.NoEnvironment with { Limits = limits };
        IReadOnlyList<HoconProblem> Load(HoconLimits limits) =>
            Assert.Throws<HoconException>(() => HoconDocument.Load(folder.PathOf("f0.conf"), With(limits))).Problems;

        Assert.All(Load(new HoconLimits { IncludeDepthMax = 5 }), p => Assert.Contains("IncludeDepthMax", p.Message, StringComparison.Ordinal));
        Assert.Contains("IncludeCountMax", Assert.Single(Load(new HoconLimits())).Message, StringComparison.Ordinal);
        Assert.Equal("1", HoconDocument.Load(folder.PathOf("f5.conf"), With(new HoconLimits())).Values["a"]);
    }

    [Theory, InlineData(0), InlineData(257)]
    public void Limits_have_a_range(int depth) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new HoconLimits { NestingDepthMax = depth });

    private static string Doubling(int count, string first, Func<int, string> next) =>
        $"a0 = {first}\n" + string.Join('\n', Enumerable.Range(0, count).Select(i => $"a{i + 1} = {next(i)}"));
}

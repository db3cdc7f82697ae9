namespace Kyberium.Configuration.Hocon.Tests;

/// <summary>HOCON.md, "Substitutions", "Self-Referential Substitutions", "The += field separator".</summary>
public sealed class SubstitutionTests
{
    [Theory]
    [InlineData("""{"animal":{"favorite":"cat"},"key":"cat is my favorite animal"}""",
        "animal.favorite=cat\nkey : ${animal.favorite} is my favorite animal")]
    [InlineData("""{"animal":{"favorite":"cat"},"key":"cat is my favorite animal"}""",
        "key : ${animal.favorite}\" is my favorite animal\"\nanimal.favorite=cat")]
    [InlineData("""{"a":1,"b":2,"a b":3,"x":2,"y":3,"z":"${b}"}""", "a=1,b=2,\"a b\"=3,x=${ b },y=${\"a b\"},z=\"${b}\"")]
    [InlineData("""{"a":2,"b":2}""", "a=1\nb=${a}\na=2")]
    [InlineData("""{"t":true,"n":null,"l":[1],"o":{"p":1},"v":[true,null,[1],{"p":1}]}""",
        "t=true,n=null,l=[1],o={p:1},v=[${t},${n},${l},${o}]")]
    public void Substitutions_look_at_the_whole_document_and_keep_types(string json, string hocon) => HoconJson.Same(json, hocon);

    [Theory]
    [InlineData("{}", "foo : ${?bar}")]
    [InlineData("{}", "foo : ${?bar}${?baz}")]
    [InlineData("""{"foo":1}""", "foo : 1, foo : ${?bar}")]
    [InlineData("""{"foo":[1,2]}""", "foo : [1, ${?bar}, 2]")]
    [InlineData("""{"foo":"xy"}""", "foo : x${?bar}y")]
    [InlineData("""{"foo":[1]}""", "foo : ${?bar}[1]")]
    [InlineData("""{"foo":{"a":1}}""", "foo : ${?bar}{a:1}")]
    [InlineData("""{"a":{"b":1}}""", "a={b:1}\na=${?x}")]
    public void Undefined_optional_substitutions_vanish(string json, string hocon) => HoconJson.Same(json, hocon);

    [Theory]
    [InlineData("a=${b}"), InlineData("a=[${b}]"), InlineData("a=x${b}"), InlineData("b=1\na=${b.c}"), InlineData("b=[1]\na=${b.0}")]
    public void Undefined_substitutions_are_a_problem(string hocon)
    {
        var problem = HoconJson.Problem(hocon);

        Assert.StartsWith("a", problem.Key, StringComparison.Ordinal);
        Assert.Contains("is not defined", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[${]"), InlineData("[$]"), InlineData("[${}]"), InlineData("[${?}]"), InlineData("[${ ?foo}]"), InlineData("[${a${b}}]"), InlineData("${ #comment }")]
    [InlineData("a=${b\nc=1")]
    public void Malformed_substitutions_are_refused(string hocon) => Assert.NotEmpty(HoconJson.Problems(hocon));

    [Fact]
    public void Null_hides_the_environment_and_an_empty_variable_is_a_string()
    {
        var options = new HoconReadOptions { Environment = name => name switch { "HOME" => "/root", "EMPTY" => "", _ => null } };

        HoconJson.Same("""{"a":"/root","b":"","c":"/root/x"}""", "a=${HOME}\nb=${?EMPTY}\nc=${HOME}/x", options);
        HoconJson.Same("""{"HOME":null,"a":null}""", "HOME=null\na=${HOME}", options);
        HoconJson.Same("""{"HOME":"/root:x"}""", "HOME=${HOME}\":x\"", options);
        HoconJson.Problem("a=${home}", options);
    }

    [Theory]
    [InlineData("""{"path":"a:b:c:d"}""", "path : \"a:b:c\"\npath : ${path}\":d\"")]
    [InlineData("""{"foo":{"a":1}}""", "foo : { a : 1 }\nfoo : ${foo}")]
    [InlineData("{}", "foo : ${?foo}")]
    [InlineData("""{"foo":42}""", "foo : ${does-not-exist}\nfoo : 42")]
    [InlineData("""{"foo":42}""", "foo : ${foo}, foo : 42")]
    [InlineData("""{"foo":{"a":2,"c":1}}""", "foo : { a : { c : 1 } }\nfoo : ${foo.a}\nfoo : { a : 2 }")]
    [InlineData("""{"bar":{"foo":42,"baz":42}}""", "bar : { foo : 42, baz : ${bar.foo} }")]
    [InlineData("""{"bar":{"foo":43,"baz":43}}""", "bar : { foo : 42, baz : ${bar.foo} }\nbar : { foo : 43 }")]
    [InlineData("""{"bar":{"a":4,"b":3},"foo":{"c":3,"d":4}}""",
        "bar : { a : ${foo.d}, b : 1 }\nbar.b = 3\nfoo : { c : ${bar.b}, d : 2 }\nfoo.d = 4")]
    [InlineData("""{"a":"foo"}""", "a = ${?a}foo")]
    [InlineData("""{"a":"xfoofoo"}""", "a=x\na = ${?a}foo\na = ${?a}foo")]
    [InlineData("""{"a":{"x":2,"y":2}}""", "a={x:1}\na=${a}{x:2, y:${a.x}}")]
    [InlineData("""{"a":1,"b":1,"q":1}""", "q=${a}\na=1\na=${b}\nb=${a}")]
    [InlineData("""{"q":1,"bar":1}""", "q=${bar.a}\nbar={a:1}\nbar=${q}")]
    public void Self_reference_looks_back_and_everything_else_forward(string json, string hocon) => HoconJson.Same(json, hocon);

    [Theory]
    [InlineData("foo : ${foo}", 1), InlineData("foo : ${foo}\nfoo : { a : 1 }", 1), InlineData("bar : ${foo}\nfoo : ${bar}", 1)]
    [InlineData("a : ${b}\nb : ${c}\nc : ${a}", 1), InlineData("a : { b : ${a} }", 1), InlineData("a : [${a}]", 1)]
    [InlineData("a : { b : 1 }\na : { b : ${a} }", 1), InlineData("a : { b : { c : ${a}, d : ${a.b} } }", 2)]
    public void Each_unbreakable_cycle_is_one_problem(string hocon, int count)
    {
        var problems = HoconJson.Problems(hocon);

        Assert.Equal(count, problems.Count);
        Assert.All(problems, problem => Assert.Contains("depends on itself", problem.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Values_that_refer_to_each_other_get_one_value() =>
        HoconJson.Same("""{"a":1,"b":1}""", "a : 1\nb : 2\na : ${b}\nb : ${a}");

    [Theory]
    [InlineData("""{"a":["b"]}""", "a += b")]
    [InlineData("""{"a":[1,"b","c d"]}""", "a = [1], a += b\na += c d")]
    [InlineData("""{"a":{"l":[1,2]}}""", "a { l = [1] }\na.l += 2")]
    [InlineData("""{"a":[{"l":[1,2]},{"l":[3]}]}""", "a = [{ l = [1], l += 2 }, { l += 3 }]")]
    [InlineData("""{"a":[[1],{"b":2}]}""", "a += [1]\na += { b = 2 }")]
    [InlineData("""{"x":{"l":[1]},"y":{"l":[1,2]}}""", "x = { l = [1] }\ny = ${x} { l += 2 }")]
    public void Plus_equals_appends(string json, string hocon) => HoconJson.Same(json, hocon);

    [Fact]
    public void Plus_equals_to_a_string_is_a_problem() => Assert.Equal("a", HoconJson.Problem("a = x\na += y").Key);

    [Fact]
    public void Plus_equals_never_appends_to_the_environment() =>
        HoconJson.Same("""{"PATH":["x"]}""", "PATH += x", new HoconReadOptions { Environment = _ => "/bin" });
}

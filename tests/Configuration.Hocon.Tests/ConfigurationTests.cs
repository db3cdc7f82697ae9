using System.Text;
using Microsoft.Extensions.Configuration;

namespace Kyberium.Configuration.Hocon.Tests;

/// <summary>HOCON as a configuration source: keys, layers, origins.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public void Hyphens_and_case_do_not_distinguish_keys()
    {
        var configuration = new ConfigurationBuilder().AddHoconString("engine.shard.mailbox-count-max = 7").Build();

        Assert.Equal("7", configuration["Engine:Shard:MailboxCountMax"]);
        Assert.Equal("7", configuration["engine:shard:mailboxcountmax"]);
    }

    [Fact]
    public void Lists_become_indexes_and_nothing_is_lost()
    {
        var values = HoconDocument.Parse("l=[a,{b=1},[c]], e=[], o={}, n=null, t=true, d=10 s", HoconJson.NoEnvironment).Values;

        Assert.Equal(
            new Dictionary<string, string?>
            {
                ["l:0"] = "a", ["l:1:b"] = "1", ["l:2:0"] = "c", ["e"] = "", ["o"] = null, ["n"] = null, ["t"] = "true", ["d"] = "10 s",
            },
            values);
    }

    [Theory]
    [InlineData("a-b = 1\naB = 2"), InlineData("x { a-b = 1 }\nX.c = 2"), InlineData("a = 1\n\"-a\" = 1")]
    public void Two_spellings_of_one_key_are_a_problem(string hocon)
    {
        var problem = HoconJson.Problem(hocon);

        Assert.Equal(2, problem.Line);
        Assert.Contains("<text>:1", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Later_sources_override_in_either_spelling()
    {
        var configuration = new ConfigurationBuilder()
            .AddHoconString("a { one-two = hocon, keep = hocon }")
            .AddWithKebabCaseKeys(b => b.AddInMemoryCollection(new Dictionary<string, string?> { ["A:one-two"] = "wrapped" }))
            .Build();

        Assert.Equal("wrapped", configuration["A:OneTwo"]);
        Assert.Equal("hocon", configuration["A:Keep"]);
        Assert.Equal("-", KebabCaseKeys.Normalize("-"));
        Assert.Equal("a:bc:D", KebabCaseKeys.Normalize("a:b-c:D"));
    }

    [Fact]
    public void Wrapped_sources_follow_reloads()
    {
        var source = new ReloadableSource("first");
        var configuration = new ConfigurationBuilder().AddWithKebabCaseKeys(b => b.Add(source)).Build();
        Assert.Equal("first", configuration["TheKey"]);
        var reloads = 0;
        configuration.GetReloadToken().RegisterChangeCallback(_ => reloads++, null);

        source.Provider.Change("second");

        Assert.Equal("second", configuration["TheKey"]);
        Assert.Equal(1, reloads);
    }

    [Fact]
    public void Origins_name_file_line_and_column()
    {
        using var folder = new TemporaryFolder();
        var inner = folder.Write("inner.conf", "\n  mailbox-count-max = 1\n");
        var outer = folder.Write("outer.conf", "base = 5\nengine { include \"inner\"\n  copy = ${base}\n  list = [ 1,\n 2 ]\n}");
        var configuration = new ConfigurationBuilder().AddHoconFile(outer)
            .AddInMemoryCollection(new Dictionary<string, string?> { ["engine:list:0"] = "override" }).Build();

        HoconOrigin? Of(string key) => configuration.TryGetHoconOrigin(key, out var origin) ? origin : null;

        Assert.Equal(new HoconOrigin(inner, 2, 3), Of("Engine:MailboxCountMax"));
        Assert.Equal(new HoconOrigin(inner, 2, 3), Of("engine:mailbox-count-max"));
        Assert.Equal(new HoconOrigin(outer, 3, 3), Of("Engine:Copy"));
        Assert.Equal(new HoconOrigin(outer, 5, 2), Of("Engine:List:1"));
        Assert.Equal(new HoconOrigin(outer, 2, 1), Of("Engine"));
        Assert.Null(Of("Engine:List:0"));
        Assert.Null(Of("Engine:None"));
        Assert.Equal($"{inner}:2", HoconDocument.Load(outer).OriginOf("engine.mailbox-count-max")?.ToString());
        Assert.Null(HoconDocument.Load(outer).OriginOf("engine..x"));
    }

    [Fact]
    public void A_replaced_value_has_the_origin_that_decided()
    {
        var document = HoconDocument.Parse("a=1\na=2\na=${?none}", HoconJson.NoEnvironment);

        Assert.Equal(2, document.OriginOf("a")?.Line);
    }

    [Fact]
    public void A_missing_file_is_a_problem_unless_optional()
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("none.conf");

        Assert.Empty(new ConfigurationBuilder().AddHoconFile(path, optional: true).Build().AsEnumerable());
        var exception = Assert.Throws<HoconException>(() => new ConfigurationBuilder().AddHoconFile(path).Build());
        Assert.Contains("does not exist", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_is_read_once_and_survives_a_reload()
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes("\uFEFFa = ä"));
        var configuration = new ConfigurationBuilder().AddHoconStream(stream).Build();

        configuration.Reload();

        Assert.Equal("ä", configuration["a"]);
    }

    [Fact]
    public void A_file_follows_an_explicit_reload()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("x.conf", "a=1");
        var configuration = new ConfigurationBuilder().AddHoconFile(path).Build();
        folder.Write("x.conf", "b=2");

        configuration.Reload();

        Assert.Null(configuration["a"]);
        Assert.Equal("2", configuration["b"]);
    }

    private sealed class ReloadableSource(string value) : IConfigurationSource
    {
        internal ReloadableProvider Provider { get; } = new(value);

        public IConfigurationProvider Build(IConfigurationBuilder builder) => Provider;
    }

    private sealed class ReloadableProvider : ConfigurationProvider
    {
        internal ReloadableProvider(string value) => Data["the-key"] = value;

        internal void Change(string value)
        {
            Data["the-key"] = value;
            OnReload();
        }
    }
}

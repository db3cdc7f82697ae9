using Kyberium.Pbm.Asking;
using Kyberium.Pbm.Hosting;
using Kyberium.Pbm.Hosting.Protocol;
using Kyberium.Pbm.Output;
using Kyberium.Pbm.Prompt;

namespace Kyberium.Pbm.Tests.Prompt;

/// <summary>Goal: what is offered, matched and explained is what the server described, and nothing else.</summary>
public sealed class CompletionTests
{
    private static readonly PaletteDescription[] Palettes =
    [
        new("session", "Sessions.",
        [
            new CommandDescription("list", "Lists.", "sessions", false, false, [new SwitchDescription("all", PbmSwitchType.Flag, "All.", false, "a")]),
            new CommandDescription("show", "Shows.", "sessions", false, false,
                [new SwitchDescription("peer", PbmSwitchType.Text, "Who.", true, "p"), new SwitchDescription("number", PbmSwitchType.Number, "How many.", false)]),
        ]),
        new("node", "Node.", [new CommandDescription("log", "L.", "lines", false, false, []), new CommandDescription("log tail", "T.", "lines", false, true, [])]),
    ];

    [Theory]
    [InlineData("", "", "exit help node session")]
    [InlineData("", "s", "session")]
    [InlineData("session ", "", "list show")]
    [InlineData("session ", "s", "show")]
    [InlineData("session show ", "", "--every --help --json --number --peer --times")]
    [InlineData("session show -p ", "", "")]
    [InlineData("session show --peer bob ", "--n", "--number")]
    [InlineData("session list --all ", "--a", "")]
    [InlineData("node log ", "t", "tail")]
    [InlineData("nothing ", "", "")]
    [InlineData("session nothing ", "", "")]
    [InlineData("session \"", "", "")]
    public void What_may_come_next_is_offered(string before, string begun, string expected) =>
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), Completion.Candidates(Palettes, before, begun));

    [Theory]
    [InlineData(new[] { "region-stats", "regions" }, "region")]
    [InlineData(new[] { "one" }, "one")]
    [InlineData(new string[0], "")]
    public void What_all_begin_with_is_filled_in(string[] candidates, string shared) => Assert.Equal(shared, Completion.SharedStart(candidates));

    [Theory]
    [InlineData("session show -p bob", "peer=bob")]
    [InlineData("session show --peer=bob --number -4", "peer=bob,number=-4")]
    [InlineData("session show --number 7 -p -x", "number=7,peer=-x")]
    [InlineData("session list -a", "all=")]
    [InlineData("node log tail", "")]
    public void Switches_are_read_as_described(string line, string expected) => Assert.Equal(
        expected, string.Join(',', CommandMatch.Find(Palettes, line.Split(' ')).ReadSwitches().Select(one => $"{one.Key}={one.Value}")));

    [Theory]
    [InlineData("nothing")]
    [InlineData("session nothing")]
    [InlineData("session show")]
    [InlineData("session show -p")]
    [InlineData("session show -p a -p b")]
    [InlineData("session show -p a --number x")]
    [InlineData("session show -p a --other b")]
    [InlineData("session list --all=yes")]
    [InlineData("session list stray")]
    public void What_does_not_fit_is_refused_before_it_is_sent(string line)
    {
        var refused = Assert.Throws<PbmFailure>(() => CommandMatch.Find(Palettes, line.Split(' ')).ReadSwitches());

        Assert.Equal(ExitCode.Usage, refused.ExitCode);
        Assert.Contains("--help", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_commands_that_begin_alike_the_longest_is_meant() =>
        Assert.Equal(("log tail", "log"), (CommandMatch.Find(Palettes, ["node", "log", "tail"]).Command!.Name, CommandMatch.Find(Palettes, ["node", "log"]).Command!.Name));

    [Fact]
    public void What_steers_a_terminal_is_shown_and_not_done() =>
        Assert.Equal("a\\u001b[2Jb\\u202ec\nd", TextAnswer.Printable("a\u001b[2Jb\u202ec\nd"));

    [Theory]
    [InlineData("--json session list", "127.0.0.1:9110", "session list")]
    [InlineData("host:1 session list --json", "host:1", "session list")]
    [InlineData("[::1]:9 node log", "[::1]:9", "node log")]
    [InlineData("--operator eve 10.0.0.1:2 a b -c d:1", "10.0.0.1:2", "a b -c d:1")]
    [InlineData("", "127.0.0.1:9110", "")]
    public void A_command_line_is_taken_apart(string line, string address, string words)
    {
        var arguments = Arguments.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), new Dictionary<string, string>());

        Assert.Equal((address, words), (arguments.Target.Address, string.Join(' ', arguments.Words)));
    }

    [Theory]
    [InlineData("host:x")]
    [InlineData("host:0")]
    [InlineData("::1:5")]
    [InlineData("--nothing")]
    [InlineData("--token-file")]
    [InlineData("a b --every soon")]
    [InlineData("a b --every 1ms")]
    [InlineData("a b --times 2")]
    [InlineData("a b --every 1s --times 0")]
    public void A_command_line_that_cannot_be_is_refused(string line) => Assert.Equal(
        ExitCode.Usage, Assert.Throws<PbmFailure>(() => Arguments.Parse(line.Split(' '), new Dictionary<string, string>())).ExitCode);
}

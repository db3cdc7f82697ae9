using System.Globalization;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>Goal: section 7 of docs/formats/handshake.md says the figures the machine works with.
/// Method: each row is written from <see cref="PeerLimits"/> and looked for in the document.</summary>
public sealed class HandshakeDocumentTests
{
    private static readonly PeerLimits Limits = new() { Suites = [Suite.MLKem768P256] };

    private static readonly string Section = RepositoryFiles.Read("docs/formats/handshake.md").Split("\n## 7. ")[1];

    public static TheoryData<string, string> Rows => new()
    {
        {
            "message 1 and confirm of kind 0 go out again",
            $"{Resend}, doubling to {Words(Limits.HandshakeResendMillis << 4)}; the attempt ends after {Timeout}, "
                + $"the next one waits {Words(Limits.HandshakeBackoffMillis)}, doubling to {BackOff}"
        },
        { "message 1 of kind 1 goes out again", $"{Resend}, doubling to {BackOff}; the attempt ends after {Rekey}" },
        { "the confirm of a pending epoch goes out again", $"{Resend}, doubling to {BackOff}, until any record opens under that epoch" },
        { "an unanswered confirm of kind 1 starts a new message 1 beside it", $"its first repetition after {Timeout}. " },
        { "half-open handshakes of the peer go", $"kind 0: {Timeout}; kind 1: {Rekey}. Its own rekey waits {Timeout} " },
        { "the lower fingerprint, asked for the rekey that it has asked for", $"repeats its own at once, at most every {Resend}: " },
        {
            "durable messages, carriers or confirms unanswered in the session that sends",
            $"{Rekey}: kind 1; {Words(Limits.UnansweredRestartMillis)}: kind 0"
        },
        { "the same in a session that the peer began and was never seen to use", $"{Timeout}: kind 0, " },
        { "records go out and none comes in, in the session that sends", $"{Words(PeerLimits.UnheardMillis)}: counts as unanswered for {Rekey}, so kind 1 at once. " },
        { "an age limit found on load", $"the epoch asks for a rekey at once, and stops nothing for {Rekey} (or the limit, when that is less)" },
    };

    private static string Resend => Words(Limits.HandshakeResendMillis);

    private static string Timeout => Words(Limits.HandshakeTimeoutMillis);

    private static string BackOff => Words(Limits.HandshakeBackoffMillisMax);

    private static string Rekey => Words(Limits.UnansweredRekeyMillis);

    [Theory, MemberData(nameof(Rows))]
    public void A_row_says_what_the_machine_does(string what, string after) =>
        Assert.Contains($"| {what} | {after}", Section, StringComparison.Ordinal);

    [Fact]
    public void Waits_are_spread_by_the_part_that_the_document_says()
    {
        Assert.Equal(0.2, Limits.ResendJitter);
        Assert.Contains("Waits are spread by a fifth\neither way.", Section, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_row_with_a_figure_is_held_to_the_limits()
    {
        var rows = Section.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal) && line.Any(char.IsAsciiDigit));
        Assert.All(rows, row => Assert.Contains(Rows, held => row.Contains((string)((object[])held)[0], StringComparison.Ordinal)));
    }

    private static string Words(long millis) => millis % 60_000 == 0 && millis > 180_000
        ? string.Create(CultureInfo.InvariantCulture, $"{millis / 60_000} minutes")
        : string.Create(CultureInfo.InvariantCulture, $"{millis / 1_000.0} s");
}

namespace Kyberium.Engine.Tests.Engine;

/// <summary>How long durable messages wait, on a clock that is moved by hand.</summary>
public sealed class ExpiryTests
{
    private static readonly TimeSpan PolicyExpiry = TimeSpan.FromDays(7);      // of the shipped default template

    [Fact]
    public async Task A_message_without_an_expiry_of_its_own_waits_as_long_as_the_policy_says_and_is_reported_when_it_strikes()
    {
        var time = new ManualTime();
        var (alice, bob) = await PartedAsync(time);
        await using var _a = alice;

        var operation = Guid.NewGuid();
        await alice.Engine.SendAsync(bob.Id, "late"u8.ToArray(), new SendOptions(operation), cancellationToken: Party.Timely);
        time.Advance(PolicyExpiry - TimeSpan.FromMinutes(1));
        Assert.Equal((1, false), await StandingAsync(alice, bob));
        time.Advance(TimeSpan.FromMinutes(2));

        await Party.UntilAsync(() => Task.FromResult(IsReported(alice)), () => time.Advance(TimeSpan.FromSeconds(1)));
        var reported = Assert.Single(alice.Audit, audit => audit.Kind == "message-expired");
        Assert.Equal("bob", reported.Peer);
        Assert.StartsWith("number 1 of stream", reported.Detail, StringComparison.Ordinal);
        Assert.Equal(operation, reported.Operation);    // a number says nothing to its sender once the stream was started anew
    }

    [Fact]
    public async Task The_policys_expiry_strikes_after_a_restart_too()
    {
        var time = new ManualTime();
        var (alice, bob) = await PartedAsync(time);
        await alice.SendAsync(bob, "late");
        await alice.Engine.DisposeAsync();
        time.Advance(PolicyExpiry + TimeSpan.FromMinutes(1));
        alice.Reopen();
        await alice.StartAsync();
        await using var _a = alice;

        await Party.UntilAsync(async () => (await StandingAsync(alice, bob)).Reported, () => time.Advance(TimeSpan.FromSeconds(1)));
        Assert.True(IsReported(alice));
    }

    [Fact]
    public async Task A_senders_own_expiry_goes_before_the_policys_and_for_ever_means_for_ever()
    {
        var time = new ManualTime();
        var (alice, bob) = await PartedAsync(time);
        await using var _a = alice;

        await alice.Engine.SendAsync(
            bob.Id, "1"u8.ToArray(), new SendOptions(ExpiresAfter: Timeout.InfiniteTimeSpan), cancellationToken: Party.Timely);
        await alice.Engine.SendAsync(
            bob.Id, "2"u8.ToArray(), new SendOptions(ExpiresAfter: TimeSpan.FromMinutes(1)), cancellationToken: Party.Timely);
        time.Advance(TimeSpan.FromMinutes(2));
        await Party.UntilAsync(() => Task.FromResult(IsReported(alice)), () => time.Advance(TimeSpan.FromSeconds(1)));
        time.Advance(2 * PolicyExpiry);
        await alice.Engine.CheckpointAsync(Party.Timely);

        Assert.StartsWith(
            "number 2 of stream", Assert.Single(alice.Audit, audit => audit.Kind == "message-expired").Detail, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => alice.Engine.SendAsync(
            bob.Id, "3"u8.ToArray(), new SendOptions(ExpiresAfter: TimeSpan.Zero), cancellationToken: Party.Timely));
    }

    [Fact]
    public async Task The_expiry_in_force_is_that_of_the_policy_frozen_when_the_message_was_sent()
    {
        var time = new ManualTime();
        var (alice, bob) = await PartedAsync(time);
        await using var _a = alice;
        await alice.SendAsync(bob, "under default: a week");
        await alice.Engine.SetTemplateAsync(bob.Id, "strict", cancellationToken: Party.Timely);
        await alice.SendAsync(bob, "under strict: a day");
        time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        await Party.UntilAsync(() => Task.FromResult(IsReported(alice)), () => time.Advance(TimeSpan.FromSeconds(1)));

        Assert.StartsWith(
            "number 2 of stream", Assert.Single(alice.Audit, audit => audit.Kind == "message-expired").Detail, StringComparison.Ordinal);
    }

    private static async Task<(Party Alice, Party Bob)> PartedAsync(ManualTime time)
    {
        var (alice, bob) = await Party.PairAsync(time: time, suites: Party.BothSuites);
        await bob.Engine.DisposeAsync();
        return (alice, bob);
    }

    private static async Task<(int Outbox, bool Reported)> StandingAsync(Party alice, Party bob) =>
        ((await alice.PeerAsync(bob)).OutboxCount, IsReported(alice));

    private static bool IsReported(Party party) => party.Audit.Any(audit => audit.Kind == "message-expired");
}

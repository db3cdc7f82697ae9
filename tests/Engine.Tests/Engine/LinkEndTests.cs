using Kyberium.Engine.Sessions.Traffic;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>What happens where links meet the engine: handshakes of strangers, starts that fail, envelopes that come too early.</summary>
public sealed class LinkEndTests
{
    /// <summary>Goal: a source with few places may hold any number of sessions. Method: one after the other, more than there are places.</summary>
    [Fact]
    public async Task A_handshake_that_completed_takes_no_place_of_its_source()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Handshake.HalfOpenPerSourceMax = 2);
        await using var _a = alice;
        await using var _b = bob;
        for (var session = 0; session < 12; session++)
        {
            await alice.ConnectAsync(bob);
            await Party.UntilAsync(async () => (await bob.PeerAsync(alice)).Session == (await alice.PeerAsync(bob)).Session);
            await alice.Engine.CloseAsync(bob.Id);
            await Party.UntilAsync(async () => (await bob.PeerAsync(alice)).Session.Length == 0);
        }
    }

    [Fact]
    public async Task A_node_whose_half_open_places_run_out_says_once_that_it_demands_cookies_and_is_still_reached()
    {
        var log = new LoggedEvents();
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await bob.Engine.DisposeAsync();
        bob.Reopen();
        bob.Loggers = log;
        bob.Configure = options =>
        {
            options.Handshake.HalfOpenMax = 1;      // half of it is none: every message 1 has to show a cookie
            options.Handshake.HalfOpenPerSourceMax = 1;
        };
        await bob.StartAsync();
        await using var _b = bob;

        await alice.ConnectAsync(bob);

        var said = Assert.Single(log.All, entry => entry.Id == 1006);
        Assert.Equal("The ratio of half-open handshakes is high: 0 of 1; new ones must show a cookie", said.Text);
    }

    [Fact]
    public async Task A_stream_taken_up_for_the_first_time_is_reported()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "one");
        Assert.Equal(["one"], await bob.ReceiveAsync(1));

        await Party.UntilAsync(() => Task.FromResult(bob.Audit.Any(audit => audit.Kind == "stream-adopted")));
        var adopted = Assert.Single(bob.Audit, audit => audit.Kind == "stream-adopted");
        Assert.EndsWith("from number 1", adopted.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(bob.Audit, audit => audit.Kind == "peer-state-lost");
    }

    [Fact]
    public async Task A_start_that_fails_at_its_second_link_stops_the_first_even_when_stopping_another_fails()
    {
        var log = new LoggedEvents();
        var (first, second) = (new RecordingLink(), new RecordingLink { Failure = new IOException("the port is taken") });
        var third = new RecordingLink();
        var keyring = new InMemoryKeyring();
        var journal = new InMemoryJournal();
        var parts = new EngineParts
        {
            OpenJournal = (_, _) => Task.FromResult<IJournal>(journal),
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(keyring),
            LoggerFactory = log,
        };
        parts.PeerLinks.Add(first);
        parts.PeerLinks.Add(second);
        parts.PeerLinks.Add(third);
        var options = new EngineOptions();
        options.Shard.Count = 1;

        var failure = await Assert.ThrowsAsync<IOException>(() => SessionEngine.StartAsync(options, parts, Party.Timely));

        Assert.Equal("the port is taken", failure.Message);
        Assert.Equal((1, 1), (first.Starts, first.Stops));
        Assert.Equal((1, 1), (second.Starts, second.Stops));
        Assert.Equal((0, 1), (third.Starts, third.Stops));
        Assert.Single(log.All, entry => entry.Id == 1011);
        Assert.Contains("refused", await HandInAsync(first.Receiver!), StringComparison.Ordinal);

    }

    [Fact]
    public void A_window_that_is_being_put_away_is_a_reason_to_try_again_and_no_other_outcome_is_told_apart()
    {
        var closing = EngineErrors.NotOpened(OpenOutcome.Closing);

        Assert.Equal(EngineErrorCode.Overloaded, closing.Code);
        Assert.True(closing.IsTransient);
        Assert.All(
            new[] { OpenOutcome.Rejected, OpenOutcome.Limit, OpenOutcome.DestinationTooSmall },
            outcome => Assert.Equal(EngineErrorCode.EnvelopeRejected, EngineErrors.NotOpened(outcome).Code));
    }

    private static async Task<string> HandInAsync(IPeerLinkReceiver receiver) =>
        (await receiver.AcceptEnvelopeAsync(new byte[44], "anywhere")).IsEmpty ? "refused in silence" : "answered";

    private sealed class RecordingLink : IPeerLink
    {
        internal Exception? Failure { get; init; }

        internal int Starts { get; private set; }

        internal int Stops { get; private set; }

        internal IPeerLinkReceiver? Receiver { get; private set; }

        public bool CanReach(string address) => false;

        public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default) => new([]);

        public ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default)
        {
            Starts++;
            Receiver = receiver;
            return Failure is null ? default : ValueTask.FromException(Failure);
        }

        public ValueTask DisposeAsync()
        {
            Stops++;
            return Failure is null ? default : ValueTask.FromException(new IOException("cannot close"));
        }
    }
}

using Kyberium.Engine;
using Kyberium.Simulation.Broken;
using Kyberium.Simulation.Nodes;
using Microsoft.Extensions.Logging;

namespace Kyberium.Simulation;

/// <summary>Proves that what watches operators' acts and secrets can fail: each test breaks one part on purpose, and a seed must notice.</summary>
public sealed class BrokenOperatorTests
{
    private const ulong SeedsMax = 60;
    private const ulong BrokenSeedsMax = 200;
    private const Faults Skewed = Faults.VersionSkew | Faults.Restarts | Faults.Crash | Faults.Suspension | Faults.Removals | Faults.LostNodes;      // what makes processes, and sessions, anew
    private static readonly TimeSpan Duration = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BrokenDuration = TimeSpan.FromSeconds(30);

    [Fact]
    public void A_removal_that_keeps_the_peers_key_is_noticed() =>
        AssertCaught("promise 5", "keeps a row of it: PeerKey", Faults.Removals, seed => Sound(seed) with
        {
            WrapJournal = journal => new ChangingJournal(journal, commit => With(
                commit, [.. commit.Rows.Where(row => row.Key.Kind != RowKind.PeerKey || row.Value is not null)])),
        });

    [Fact]
    public void A_removal_that_keeps_messages_is_noticed() =>
        AssertCaught("promise 5", "keeps a row of it", Faults.Removals, seed => Sound(seed) with
        {
            WrapJournal = journal => new ChangingJournal(journal, commit => With(
                commit, [.. commit.Rows.Where(row => row.Key.Kind is not (RowKind.Outbox or RowKind.Inbox) || row.Value is not null)])),
        });

    [Fact]
    public void A_stream_that_starts_anew_without_an_act_is_noticed() =>
        AssertCaught("promise 3", "a stream appeared", Faults.StreamResets, Sound, simulation => simulation.Operators.TellsNobody = true);

    [Fact]
    public void Queues_that_go_with_a_peer_without_a_word_are_noticed() =>
        AssertCaught("promise 3", "", Faults.Removals, Sound, simulation => simulation.Operators.TellsNobody = true);

    [Fact]
    public void Keys_that_are_replaced_by_way_of_forgetting_the_peer_are_noticed() =>
        AssertCaught("promise 3", "", Faults.Rotations, Sound, simulation => simulation.Operators.ReplacesPeersForTheirKeys = true);

    [Fact]
    public void An_expiry_that_nobody_is_told_of_is_noticed() =>
        AssertCaught("promise 3", "are missing", Faults.Expiries | Faults.Partition | Faults.Loss, seed => Sound(seed) with
        {
            WrapSink = sink => new LosingSink(sink, static told => told.Kind == "message-expired"),
        });

    [Fact]
    public void An_expiry_that_ignores_the_clock_is_noticed() =>
        AssertCaught("promise 3", "after it had expired for good", Faults.None, seed => Sound(seed) with
        {
            WrapTime = time => new StoppedClock(time),
        }, ExpireBehindACut, TimeSpan.FromMinutes(6));

    [Fact]
    public void Messages_that_expire_behind_a_cut_are_reported_and_do_not_come() =>
        Assert.Null(Simulation.Run(3, TimeSpan.FromMinutes(6), Faults.None, prepare: ExpireBehindACut).Violation);

    [Fact]
    public void A_removal_that_deletes_no_rows_is_noticed() => AssertCaught(
        BrokenEngine.Without("Kyberium.Engine.Shards.ShardStore", "DeleteRows"), "keeps a row of it", Faults.Removals);

    [Fact]
    public void An_expiry_that_never_strikes_is_noticed() => AssertCaught(
        BrokenEngine.Without("Kyberium.Engine.Sessions.Delivery.OutgoingRules", "Expire"), "work comes to an end",
        Faults.Expiries | Faults.Partition | Faults.Suspension);

    [Fact]
    public void A_reset_that_numbers_anew_in_the_same_stream_is_noticed() => AssertCaught(
        BrokenEngine.Handing("Kyberium.Engine.Sessions.Delivery.OutgoingStream", "Reset", "OutgoingStream::Open", "Id"), "promise 3", Faults.StreamResets);

    [Fact]
    public void A_left_stream_that_an_overtaken_greeting_brings_back_is_noticed() => AssertCaught(
        BrokenEngine.Without("Kyberium.Engine.Sessions.Delivery.IncomingStream", "set_Turn"), "promise 3",
        Faults.StreamResets | Faults.Removals | Faults.Duplication | Faults.Loss | Faults.Suspension);

    [Fact]
    public void A_session_with_a_process_that_does_not_speak_its_version_is_noticed() =>
        AssertCaught(
            "a handshake keeps to the versions announced", "in a version that it does not speak", Skewed,
            seed => Sound(seed) with { Announced = _ => Kyberium.Engine.Wire.VersionRange.Spoken }, which: SimulatedNode.IsSkewed);

    [Fact]
    public void An_act_that_no_event_tells_of_is_noticed() =>
        AssertCaught("audit", "no event tells of it", Faults.StreamResets, seed => Sound(seed) with
        {
            WrapSink = sink => new LosingSink(sink, static told => told.Kind == "stream-reset"),
        });

    [Fact]
    public void A_key_in_a_line_of_the_log_is_noticed() => AssertCaught("promise 5", "log line", Faults.Crash, seed =>
    {
        ILoggerFactory? log = null;
        return Sound(seed) with
        {
            WrapLog = made => log = made,
            WrapKeyring = keyring => new CarelessKeyring(keyring, new Loot(), () => log),
        };
    });

    [Fact]
    public void A_key_in_a_frame_is_noticed() => AssertCaught("promise 5", "a frame of", Faults.Crash, seed =>
    {
        var loot = new Loot();
        return Sound(seed) with
        {
            WrapKeyring = keyring => new CarelessKeyring(keyring, loot, () => null),
            WrapLink = link => new LeakingLink(link, loot),
        };
    });

    [Fact]
    public void A_key_in_a_journal_is_noticed() => AssertCaught("promise 5", "the disk of", Faults.Crash, seed =>
    {
        var loot = new Loot();
        return Sound(seed) with
        {
            WrapKeyring = keyring => new CarelessKeyring(keyring, loot, () => null),
            WrapJournal = journal => new ChangingJournal(journal, commit => loot.Key.Length == 0 ? commit : With(
                commit, [.. commit.Rows, new RowChange(new RowKey(RowKind.Chunk, new byte[] { 1 }), (byte[])[.. loot.Key])])),
        };
    });

    /// <summary>Goal: whoever sees a failing seed can see it again, smaller. Method: a broken part, whose report is run as it says.</summary>
    [Fact]
    public void A_failing_seed_is_shortened_and_its_command_shows_it_again()
    {
        var (failure, faults) = (default(SimulationResult), Faults.All);
        for (ulong seed = 1; failure is null; seed++)
        {
            failure = Again(seed, Duration, faults) is { Promise: "promise 3" } broken && broken.Counts.Crashes > 0 ? broken : null;
        }

        var report = FailureReport.Of(failure, Duration, faults, (length, allowed) => Again(failure.Seed, length, allowed));

        var command = report.Split('\n').Single(line => line.StartsWith("replay: ", StringComparison.Ordinal));
        Assert.True(SimulationArguments.TryParse(command.TrimEnd().Split(" -- ")[1].Split(' '), out var parsed, out var problem), problem);
        Assert.True(parsed.Duration < Duration, command);     // how much shorter is the seed's matter; that it is no longer than needed is seen below
        var shown = Again(parsed.Seed, parsed.Duration, parsed.Faults);
        Assert.Equal(FailureReport.KindOf(failure), FailureReport.KindOf(shown));
        Assert.True(faults.HasFlag(parsed.Faults) && parsed.Faults != faults, command);      // not fewer events: more may happen where less goes wrong
        Assert.Contains(shown.Violation!, report, StringComparison.Ordinal);
        Assert.Contains(shown.Lines[^1], report, StringComparison.Ordinal);
        Assert.InRange(report.Split('\n').Length, 7, 80);      // four lines before the events and one behind them

        // Nothing can be left out: not a second, and not one of the faults.
        Assert.NotEqual(FailureReport.KindOf(failure), FailureReport.KindOf(Again(parsed.Seed, parsed.Duration - TimeSpan.FromSeconds(1), parsed.Faults)));
        Assert.All(
            Enum.GetValues<Faults>().Where(fault => System.Numerics.BitOperations.IsPow2((int)fault) && parsed.Faults.HasFlag(fault)),
            fault => Assert.NotEqual(FailureReport.KindOf(failure), FailureReport.KindOf(Again(parsed.Seed, parsed.Duration, parsed.Faults & ~fault))));

        static SimulationResult Again(ulong seed, TimeSpan length, Faults allowed) =>
            Simulation.Run(seed, length, allowed, Sound(seed) with { WrapJournal = journal => new HastyJournal(journal) });
    }

    private static void ExpireBehindACut(Simulation simulation)
    {
        var (cast, sender, receiver) = (simulation.Cast, simulation.Nodes[0], simulation.Nodes[1]);
        cast.World.After(null, 20_000_000, () =>
        {
            cast.Network.Cut(sender.Name, receiver.Name, both: true, 280_000_000);
            cast.Application.SendExpiring(sender, receiver, TimeSpan.FromSeconds(3));
        });
    }

    private static void AssertCaught(BrokenEngine engine, string saying, Faults faults)
    {
        var others = new List<string>();
        for (ulong seed = 1; seed <= BrokenSeedsMax; seed++)
        {
            if (engine.Run(seed, faults, BrokenDuration) is { } violation)
            {
                if (violation.Contains(saying, StringComparison.Ordinal))
                {
                    return;
                }

                others.Add($"{seed}: {violation}");
            }
        }

        Assert.Fail($"{BrokenSeedsMax} seeds noticed nothing but {string.Join("; ", others)}");
    }

    private static NodeParts Sound(ulong seed) => NodeParts.Sound(seed);

    private static JournalCommit With(JournalCommit commit, IReadOnlyList<RowChange> rows) => new()
    {
        Shard = commit.Shard,
        Fence = commit.Fence,
        Position = commit.Position,
        Record = commit.Record,
        Rows = rows,
        TruncateThrough = commit.TruncateThrough,
    };

    private static void AssertCaught(
        string promise, string saying, Faults faults, Func<ulong, NodeParts> parts, Action<Simulation>? prepare = null, TimeSpan? duration = null,
        Func<ulong, bool>? which = null)
    {
        for (ulong seed = 1, run = 0; run < SeedsMax; seed++)
        {
            if (which?.Invoke(seed) == false)
            {
                continue;       // what is broken cannot show in it
            }

            run++;
            var result = Simulation.Run(seed, duration ?? Duration, faults, parts(seed), prepare);
            if (result.Promise == promise && result.Violation!.Contains(saying, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"{SeedsMax} seeds noticed nothing");
    }
}

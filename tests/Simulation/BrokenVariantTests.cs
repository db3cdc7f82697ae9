using System.Runtime.CompilerServices;
using Kyberium.Engine;
using Kyberium.Simulation.Broken;
using Kyberium.Simulation.Nodes;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation;

/// <summary>Proves that the checkers can fail: each test breaks one part on purpose, through a seam, and a seed must notice.</summary>
public sealed class BrokenVariantTests
{
    private const ulong SeedsMax = 30;
    private const ulong ShortSeedsMax = 400;
    private static readonly TimeSpan Duration = TimeSpan.FromMinutes(2);

    [Fact]
    public void A_disk_whose_flushes_lie_is_noticed() =>
        AssertCaught(
            ["promise 3", "promise 4", "recovery", "no end of delivery"],
            seed => Simulation.Run(seed, Duration, prepare: simulation =>
            {
                foreach (var node in simulation.Nodes)
                {
                    node.Disk.IsHonest = false;
                }
            }));

    [Fact]
    public void A_journal_that_answers_before_it_flushed_is_noticed() =>
        AssertCaught(
            ["promise 3", "promise 4", "recovery"],
            seed => Simulation.Run(seed, Duration, parts: NodeParts.Sound(seed) with { WrapJournal = journal => new HastyJournal(journal) }));

    [Fact]
    public void Random_bytes_that_repeat_after_a_crash_are_noticed() =>
        AssertCaught(
            ["promise 1"],
            seed => Simulation.Run(
                seed, Duration, parts: NodeParts.Sound(seed) with { EntropyOf = (node, _) => SeededChoices.For(seed, "entropy " + node) }));

    [Fact]
    public void Messages_that_are_handed_out_changed_are_noticed() =>
        AssertCaught(["promise 3"], seed => Simulation.Run(seed, Duration, prepare: simulation => simulation.Application.Corrupts = true));

    [Fact]
    public void An_envelope_that_counts_as_opened_again_is_noticed() =>
        AssertCaught(["promise 4"], seed => Simulation.Run(seed, Duration, prepare: simulation => simulation.Application.CountsOpensTwice = true));

    [Fact]
    public void A_payload_in_the_clear_on_a_disk_is_noticed() =>
        AssertCaught(
            ["promise 5"],
            seed => Simulation.Run(seed, TimeSpan.FromSeconds(5), prepare: simulation => simulation.BeforeLook = () =>
                simulation.Nodes[0].Disk.Append(Checkers.SecretScan.Planted)));

    [Fact]
    public void An_incarnation_that_a_later_process_draws_again_is_noticed() =>
        AssertCaught(
            ["promise 1"],
            seed => Simulation.Run(
                seed, Duration, parts: NodeParts.Sound(seed) with { WrapEntropy = entropy => new SameIncarnation(entropy) }));

    [Fact]
    public void A_keyring_that_forgets_how_far_its_store_was_is_noticed() =>
        AssertCaught(
            ["promise 2"],
            seed => Simulation.Run(
                seed, Duration, parts: NodeParts.Sound(seed) with { WrapKeyring = keyring => new ForgetfulKeyring(keyring) }));

    [Fact]
    public void A_keyring_in_which_a_deposed_owner_takes_back_what_its_successor_wrote_is_noticed() =>
        AssertCaught(
            ["promise 2"],
            seed =>
            {
                var said = new ConditionalWeakTable<IKeyring, Dictionary<ShardId, SortedList<long, ShardWitness>>>();
                return Simulation.Run(
                    seed, Duration, parts: NodeParts.Sound(seed) with { WrapKeyring = keyring => new ReplacingKeyring(keyring, said.GetOrCreateValue(keyring)) });
            });

    [Fact]
    public void Rows_of_messages_that_are_not_written_are_noticed() =>
        AssertCaught(
            ["promise 3", "recovery", "no shard ends by a defect", "commands fail with codes that tell what to do"],
            seed => Simulation.Run(seed, Duration, parts: WithCommits(seed, commit => With(
                commit, [.. commit.Rows.Where(row => row.Key.Kind is not (RowKind.Outbox or RowKind.Inbox) || row.Value is null)],
                commit.TruncateThrough))));

    [Fact]
    public void Snapshots_that_stay_as_they_were_first_written_are_noticed()
    {
        AssertCaught(
            ["promise 3", "promise 4", "recovery", "no shard ends by a defect"],
            seed =>
            {
                var written = new HashSet<string>();
                return Simulation.Run(seed, Duration, parts: WithCommits(seed, commit => With(
                    commit, [.. commit.Rows.Where(row => row.Key.Kind != RowKind.Peer || written.Add(Convert.ToHexString(row.Key.Key.Span)))],
                    commit.TruncateThrough)));
            });
    }

    [Fact]
    public void A_log_that_is_cut_with_each_snapshot_is_noticed() =>
        AssertCaught(
            ["promise 3", "promise 4", "recovery", "no shard ends by a defect"],
            seed => Simulation.Run(seed, Duration, parts: WithCommits(seed, commit => With(
                commit, commit.Rows,
                commit.Rows.Any(row => row.Key.Kind == RowKind.Peer) ? new LogPosition(commit.Position.Value - (commit.Record is null ? 1 : 0)) : null))));

    [Fact]
    public void A_reservation_of_a_window_that_is_not_kept_is_noticed() =>
        AssertCaught(
            ["promise 4"],
            BrokenEngine.With("Kyberium.Engine.Sessions.PeerFacts", "Apply", "ReservationMade::get_Through", 0));

    [Fact]
    public void Windows_taken_as_exact_after_a_crash_are_noticed() =>
        AssertCaught(
            ["promise 4"],
            BrokenEngine.With("Kyberium.Engine.Shards.ExactWindows", "Read", "Fence::get_Value", 0));

    [Fact]
    public void An_outbox_that_forgets_its_numbers_is_noticed() =>
        AssertCaught(
            ["promise 3", "no shard ends by a defect"],
            BrokenEngine.With("Kyberium.Engine.Sessions.Storage.SnapshotCodec", "ReadOutgoing", "StateReader::UInt64", 1));

    [Fact]
    public void A_fence_that_the_journal_does_not_check_is_noticed() =>
        AssertCaught(
            ["promise 3", "promise 4", "recovery", "no shard ends by a defect", "commands fail with codes that tell what to do"],
            seed => Simulation.Run(
                seed, TimeSpan.FromSeconds(20), Faults.TwoOwners,
                NodeParts.Sound(seed) with { WrapJournal = journal => ((Disk.LogJournal)journal).WithoutFences() }, isShort: true));

    private static void AssertCaught(string[] promises, BrokenEngine engine)
    {
        for (ulong seed = 1; seed <= ShortSeedsMax; seed++)
        {
            if (engine.Run(seed) is { } broken && promises.Contains(broken))
            {
                return;
            }
        }

        Assert.Fail($"{ShortSeedsMax} seeds noticed nothing");
    }

    private static NodeParts WithCommits(ulong seed, Func<JournalCommit, JournalCommit> change) =>
        NodeParts.Sound(seed) with { WrapJournal = journal => new ChangingJournal(journal, change) };

    private static JournalCommit With(JournalCommit commit, IReadOnlyList<RowChange> rows, LogPosition? through) => new()
    {
        Shard = commit.Shard,
        Fence = commit.Fence,
        Position = commit.Position,
        Record = commit.Record,
        Rows = rows,
        TruncateThrough = through,
    };

    private static void AssertCaught(string[] promises, Func<ulong, SimulationResult> run)
    {
        var others = new List<string>();
        for (ulong seed = 1; seed <= SeedsMax; seed++)
        {
            if (run(seed) is { Promise: { } broken, Violation: var violation })
            {
                if (promises.Contains(broken))
                {
                    return;
                }

                others.Add($"{seed}: {violation}");
            }
        }

        Assert.Fail($"{SeedsMax} seeds noticed nothing but {string.Join("; ", others)}");
    }
}

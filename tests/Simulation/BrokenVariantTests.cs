using Kyberium.Engine;
using Kyberium.Simulation.Nodes;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation;

/// <summary>Proves that the checkers can fail: each test breaks one part on purpose, through a seam, and a seed must notice.</summary>
public sealed class BrokenVariantTests
{
    private const ulong SeedsMax = 30;
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
                simulation.Nodes[0].Disk.Append(Checkers.FrameChecker.Planted)));

    private static void AssertCaught(string[] promises, Func<ulong, SimulationResult> run)
    {
        for (ulong seed = 1; seed <= SeedsMax; seed++)
        {
            if (run(seed) is { Promise: { } broken } && promises.Contains(broken))
            {
                return;
            }
        }

        Assert.Fail($"{SeedsMax} seeds noticed nothing");
    }

    /// <summary>Says that a commit is durable when it has only been taken.</summary>
    private sealed class HastyJournal(IJournal inner) : IJournal
    {
        public ReadOnlyMemory<byte> StoreId => inner.StoreId;

        public string Description => inner.Description;

        public long TailBytes => inner.TailBytes;

        public ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default)
        {
            _ = inner.CommitAsync(Copy(commit), cancellationToken).AsTask();
            return default;
        }

        public ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default) =>
            inner.AcquireAsync(shard, cancellationToken);

        public ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default) =>
            inner.ReadExtentAsync(shard, cancellationToken);

        public IAsyncEnumerable<JournalRecord> ReadRecordsAsync(
            ShardId shard, LogPosition after, CancellationToken cancellationToken = default) =>
            inner.ReadRecordsAsync(shard, after, cancellationToken);

        public ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default) =>
            inner.ReadRowAsync(shard, key, cancellationToken);

        public IAsyncEnumerable<JournalRow> ReadRowsAsync(
            ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, CancellationToken cancellationToken = default) =>
            inner.ReadRowsAsync(shard, kind, prefix, cancellationToken);

        public IAsyncEnumerable<ShardId> ReadShardsAsync(CancellationToken cancellationToken = default) => inner.ReadShardsAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        // The caller may reuse its buffers once it was answered.
        private static JournalCommit Copy(JournalCommit commit) => new()
        {
            Shard = commit.Shard,
            Fence = commit.Fence,
            Position = commit.Position,
            Record = commit.Record is { } record ? record.ToArray() : default(ReadOnlyMemory<byte>?),
            Rows = [.. commit.Rows.Select(row => new RowChange(
                row.Key, row.Value is { } value ? value.ToArray() : default(ReadOnlyMemory<byte>?)))],
            TruncateThrough = commit.TruncateThrough,
        };
    }
}

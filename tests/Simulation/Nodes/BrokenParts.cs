using Kyberium.Engine;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Wire;

namespace Kyberium.Simulation.Nodes;

/// <summary>Says that a commit is durable when it has only been taken.</summary>
internal sealed class HastyJournal(IJournal inner) : PassingJournal(inner)
{
    public override ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default)
    {
        _ = Inner.CommitAsync(Copy(commit), cancellationToken).AsTask();
        return default;
    }

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

/// <summary>Commits something else than it was given.</summary>
internal sealed class ChangingJournal(IJournal inner, Func<JournalCommit, JournalCommit> change) : PassingJournal(inner)
{
    public override ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default) =>
        Inner.CommitAsync(change(commit), cancellationToken);
}

/// <summary>Gives the same bytes for every incarnation, and for all else what it should.</summary>
internal sealed class SameIncarnation(IEntropySource inner) : IEntropySource
{
    public void Fill(Span<byte> destination)
    {
        inner.Fill(destination);
        if (destination.Length == Incarnation.Size)
        {
            destination.Fill(7);
        }
    }
}

internal sealed class ForgetfulKeyring(IKeyring inner) : PassingKeyring(inner)
{
    public override ValueTask<IReadOnlyList<ShardWitness>> ReadWitnessesAsync(
        ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default) => new((IReadOnlyList<ShardWitness>)[]);
}

/// <summary>Lets the owner before have the last word: what its successor says is replaced by what that wrote last, as if it had stood still over it.</summary>
/// <param name="inner">The keyring.</param>
/// <param name="said">What each owner of a shard said last, in the order of their fences; outlives the processes, as the keyring does.</param>
internal sealed class ReplacingKeyring(IKeyring inner, Dictionary<ShardId, SortedList<long, ShardWitness>> said) : PassingKeyring(inner)
{
    public override ValueTask<IReadOnlyList<ShardWitness>> ReadWitnessesAsync(
        ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default) =>
        new((IReadOnlyList<ShardWitness>)[.. said.Values.Select(static owners => owners.GetValueAtIndex(Math.Max(0, owners.Count - 2)))]);

    public override ValueTask WriteWitnessesAsync(
        ReadOnlyMemory<byte> storeId, IReadOnlyList<ShardWitness> witnesses, CancellationToken cancellationToken = default)
    {
        foreach (var witness in witnesses)
        {
            said.TryAdd(witness.Shard, []);
            said[witness.Shard][witness.Fence.Value] = witness with { Tenure = witness.Tenure.ToArray() };
        }

        return default;
    }
}

internal abstract class PassingJournal(IJournal inner) : IJournal
{
    protected IJournal Inner { get; } = inner;

    public ReadOnlyMemory<byte> StoreId => Inner.StoreId;

    public string Description => Inner.Description;

    public long TailBytes => Inner.TailBytes;

    public abstract ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default);

    public ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default) =>
        Inner.AcquireAsync(shard, cancellationToken);

    public ValueTask<ShardExtent> AcquireAsync(ShardId shard, Fence held, CancellationToken cancellationToken = default) =>
        Inner.AcquireAsync(shard, held, cancellationToken);

    public ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default) =>
        Inner.ReadExtentAsync(shard, cancellationToken);

    public IAsyncEnumerable<JournalRecord> ReadRecordsAsync(
        ShardId shard, LogPosition after, CancellationToken cancellationToken = default) =>
        Inner.ReadRecordsAsync(shard, after, cancellationToken);

    public ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default) =>
        Inner.ReadRowAsync(shard, key, cancellationToken);

    public IAsyncEnumerable<JournalRow> ReadRowsAsync(
        ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, CancellationToken cancellationToken = default) =>
        Inner.ReadRowsAsync(shard, kind, prefix, cancellationToken);

    public ValueTask<IReadOnlyList<JournalRow?>> ReadFirstRowsAsync(
        ShardId shard, IReadOnlyList<RowKey> prefixes, CancellationToken cancellationToken = default) =>
        Inner.ReadFirstRowsAsync(shard, prefixes, cancellationToken);

    public IAsyncEnumerable<ShardId> ReadShardsAsync(CancellationToken cancellationToken = default) => Inner.ReadShardsAsync(cancellationToken);

    public ValueTask DisposeAsync() => Inner.DisposeAsync();
}

using System.Runtime.CompilerServices;
using Kyberium.Engine;

namespace Kyberium.Crash;

/// <summary>The real journal, with the trap around its commits and, until the engine is ready, its reads.</summary>
internal sealed class TrappedJournal(IJournal journal, StepTrap trap) : IJournal
{
    private volatile bool _isReady;

    public ReadOnlyMemory<byte> StoreId => journal.StoreId;

    public string Description => journal.Description;

    public long TailBytes => journal.TailBytes;

    internal void EngineIsReady() => _isReady = true;

    public async ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        ShardExtent extent = default;
        await RecoverAsync(async () => extent = await journal.AcquireAsync(shard, cancellationToken));
        return extent;
    }

    public async ValueTask<ShardExtent> AcquireAsync(ShardId shard, Fence held, CancellationToken cancellationToken = default)
    {
        ShardExtent extent = default;
        await RecoverAsync(async () => extent = await journal.AcquireAsync(shard, held, cancellationToken));
        return extent;
    }

    public ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default)
    {
        StepKind? kind = commit switch
        {
            { TruncateThrough: not null } => StepKind.Checkpoint,
            { Rows: var rows } when rows.Any(row => row is { Key.Kind: RowKind.Peer, Value: not null }) => StepKind.Passivation,
            { Record: not null } => StepKind.Append,
            _ => null,
        };
        // Called at once, not in a continuation: a shard's commits keep the order of its calls.
        return kind is { } step
            ? trap.RunAsync(step, () => journal.CommitAsync(commit, cancellationToken))
            : journal.CommitAsync(commit, cancellationToken);
    }

    public async ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default) =>
        await journal.ReadExtentAsync(shard, cancellationToken);

    public async IAsyncEnumerable<JournalRecord> ReadRecordsAsync(
        ShardId shard, LogPosition after, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await RecoverAsync(() => ValueTask.CompletedTask);
        await foreach (var record in journal.ReadRecordsAsync(shard, after, cancellationToken))
        {
            await RecoverAsync(() => ValueTask.CompletedTask);
            yield return record;
        }
    }

    public ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default) =>
        journal.ReadRowAsync(shard, key, cancellationToken);

    public async IAsyncEnumerable<JournalRow> ReadRowsAsync(
        ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await RecoverAsync(() => ValueTask.CompletedTask);
        await foreach (var row in journal.ReadRowsAsync(shard, kind, prefix, cancellationToken))
        {
            yield return row;
        }
    }

    public ValueTask<IReadOnlyList<JournalRow?>> ReadFirstRowsAsync(
        ShardId shard, IReadOnlyList<RowKey> prefixes, CancellationToken cancellationToken = default) =>
        journal.ReadFirstRowsAsync(shard, prefixes, cancellationToken);

    public IAsyncEnumerable<ShardId> ReadShardsAsync(CancellationToken cancellationToken = default) =>
        journal.ReadShardsAsync(cancellationToken);

    public ValueTask DisposeAsync() => journal.DisposeAsync();

    private ValueTask RecoverAsync(Func<ValueTask> call) => _isReady ? call() : trap.RunAsync(StepKind.Recovery, call);
}

namespace Kyberium.Engine;

/// <summary>Durable, ordered storage for shards: a log of records and a table of rows each, written together.</summary>
/// <remarks>
/// <para>Implementations see sealed bytes only and add no meaning to them. Each shard has one owner at a time, known by
/// its <see cref="Fence"/>; a commit under an older fence changes nothing and fails with
/// <see cref="EngineErrorCode.ShardFenced"/>.</para>
/// <para>Calls for different shards may run at once. An owner may start a commit before the last one of that shard has
/// completed: they take effect in the order of the calls. Once one has failed or was cancelled, every later one of that shard
/// under that fence fails too, with the same code or <see cref="EngineErrorCode.JournalUnavailable"/>, until the owner calls
/// <see cref="ReadExtentAsync"/> or <see cref="AcquireAsync(ShardId, CancellationToken)"/>: so nothing is ever applied over a hole, even a commit of rows alone.
/// Commits of many shards should share one flush.</para>
/// <para>An implementation passes the conformance suite in <c>tests/Conformance</c>.</para>
/// </remarks>
public interface IJournal : IAsyncDisposable
{
    /// <summary>Gets the store's own id, 16 random bytes drawn when it was created; a copy of the store has the same one.</summary>
    ReadOnlyMemory<byte> StoreId { get; }

    /// <summary>Gets a line for people that names the implementation, its version and where it keeps its data.</summary>
    string Description { get; }

    /// <summary>Takes a shard over from whoever has it: its fence rises by one, durably, before this completes.</summary>
    ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default);

    /// <summary>Takes a shard over again as <see cref="AcquireAsync(ShardId, CancellationToken)"/> does, unless somebody else took it over since. The comparison and
    /// the rise are one step.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="held">The fence under which the caller had it last.</param>
    /// <param name="cancellationToken">Looked at before the call is taken.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.ShardFenced"/>: the shard's fence is not <paramref name="held"/>; nothing was
    /// written.</exception>
    ValueTask<ShardExtent> AcquireAsync(ShardId shard, Fence held, CancellationToken cancellationToken = default);

    /// <summary>Commits one batch in one transaction: record, rows and truncation, or nothing. Durable when it completes.</summary>
    /// <param name="commit">The batch; its fence must be the one last given out for the shard.</param>
    /// <param name="cancellationToken">Looked at before the commit is taken; a commit that was taken runs to its end, since its
    /// buffers are in use until then.</param>
    /// <exception cref="EngineException">
    /// <see cref="EngineErrorCode.ShardFenced"/>: another owner has the shard, or nobody acquired it. <see cref="EngineErrorCode.JournalFull"/>:
    /// no room; nothing was written. <see cref="EngineErrorCode.JournalUnavailable"/>: the outcome is unknown, or a commit before it
    /// failed; call <see cref="ReadExtentAsync"/> and, if the position did not advance, retry with identical bytes.
    /// </exception>
    /// <exception cref="InvalidOperationException">The position is not the end plus one, or the truncation reaches beyond the end that
    /// this commit makes: the owner's bug. Nothing was written.</exception>
    ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default);

    /// <summary>Reads where a shard's log stands without taking it over; all 0 for a shard that was never acquired. Waits for the
    /// commits taken before it, so that it shows their outcome.</summary>
    ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default);

    /// <summary>Reads the records after <paramref name="after"/> in order, without gaps, up to the end when the enumeration began.
    /// Starts at the first record kept when <paramref name="after"/> lies before the truncation.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.JournalUnavailable"/>: a truncation overtook the reading; start
    /// again. Never happens to the owner, who alone truncates.</exception>
    IAsyncEnumerable<JournalRecord> ReadRecordsAsync(
        ShardId shard, LogPosition after, CancellationToken cancellationToken = default);

    /// <summary>Reads one row; <see langword="null"/> when there is none.</summary>
    ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default);

    /// <summary>Reads the rows of one kind whose key starts with <paramref name="prefix"/>, in ascending byte order of the key.</summary>
    /// <remarks>Each row is whole; rows that change during the enumeration may show their old or their new state. An enumeration may
    /// rest between two rows for hours: meanwhile it holds nothing that others wait for.</remarks>
    IAsyncEnumerable<JournalRow> ReadRowsAsync(
        ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, CancellationToken cancellationToken = default);

    /// <summary>Reads several first rows: for each prefix the first row of its kind, in ascending byte order, whose key starts with it, or <see langword="null"/> when there is
    /// none.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="prefixes">Kinds, and what the keys start with.</param>
    /// <param name="cancellationToken">Cancels reading.</param>
    /// <returns>As many as there are prefixes, in their order.</returns>
    /// <remarks>By default one after the other. A store that can read them all at one moment, or in one exchange, does: the first touch of a peer waits for this.</remarks>
    async ValueTask<IReadOnlyList<JournalRow?>> ReadFirstRowsAsync(
        ShardId shard, IReadOnlyList<RowKey> prefixes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefixes);
        var rows = new JournalRow?[prefixes.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            await foreach (var row in ReadRowsAsync(shard, prefixes[i].Kind, prefixes[i].Key, cancellationToken).ConfigureAwait(false))
            {
                rows[i] = row;
                break;
            }
        }

        return rows;
    }

    /// <summary>Lists the shards that were ever acquired.</summary>
    IAsyncEnumerable<ShardId> ReadShardsAsync(CancellationToken cancellationToken = default);

    /// <summary>Gets how many bytes of records lie after their checkpoints in the shards acquired here, all together: what their recovery
    /// would read. A store for one process alone may count every shard in it.</summary>
    long TailBytes { get; }
}

/// <summary>Rises each time a shard changes owner. 0 before the first.</summary>
/// <param name="Value">0 or more.</param>
public readonly record struct Fence(long Value);

/// <summary>The number of a record in its shard's log. The first record has position 1; 0 is before all.</summary>
/// <param name="Value">0 or more.</param>
public readonly record struct LogPosition(long Value)
{
    /// <summary>Gets the position after this one.</summary>
    public LogPosition Next => new(Value + 1);

    /// <summary>Gives the number alone: the generated text would print <see cref="Next"/>, and that one's next, without end.</summary>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Where a shard's log stands.</summary>
/// <param name="Fence">The highest fence ever given out for the shard.</param>
/// <param name="TruncatedThrough">Records up to here are gone; their effects are in the rows.</param>
/// <param name="End">The last record; equals <paramref name="TruncatedThrough"/> when the tail is empty.</param>
public readonly record struct ShardExtent(Fence Fence, LogPosition TruncatedThrough, LogPosition End);

/// <summary>One record as stored.</summary>
/// <param name="Position">Its position.</param>
/// <param name="Bytes">Its sealed frame.</param>
public readonly record struct JournalRecord(LogPosition Position, ReadOnlyMemory<byte> Bytes);

/// <summary>What a row holds; part of its key.</summary>
public enum RowKind
{
    /// <summary>A wrapped data key of the shard; key: its 4-byte number.</summary>
    DataKey = 1,

    /// <summary>A peer's wrapped key; key: the peer's 16-byte key hash. Deleting it forgets the peer.</summary>
    PeerKey = 2,

    /// <summary>A peer's snapshot; key: the peer's 16-byte key hash.</summary>
    Peer = 3,

    /// <summary>A message waiting for its acknowledgement; key: peer's 16-byte key hash ‖ number64.</summary>
    Outbox = 4,

    /// <summary>A message waiting for the application; key: peer's 16-byte key hash ‖ number64.</summary>
    Inbox = 5,

    /// <summary>A receiver index; key: its 8 bytes, value: whose it is.</summary>
    ReceiverIndex = 6,

    /// <summary>A closed incarnation; key: receiver index ‖ incarnation16.</summary>
    Incarnation = 7,

    /// <summary>A pin or identity of the directory shard; key: 16-byte hash of what it names.</summary>
    Directory = 8,

    /// <summary>The shard's own state (its tenure, audit head, counters); key: empty.</summary>
    Shard = 9,

    /// <summary>An audit event not yet handed on; key: position of its record 8 ‖ ordinal 4.</summary>
    Audit = 10,

    /// <summary>A chunk of a stream larger than one message; key: peer's 16-byte key hash ‖ stream16 ‖ number32.</summary>
    Chunk = 11,

    /// <summary>The exact replay windows of a peer that left memory; key: the peer's 16-byte key hash.</summary>
    Windows = 12,

    /// <summary>A public document that a peer is pinned by; key: the peer's 16-byte key hash ‖ the first 16 bytes of the document's fingerprint.</summary>
    Document = 13,
}

/// <summary>A row's key within its shard.</summary>
/// <param name="Kind">What the row holds.</param>
/// <param name="Key">0 to 64 bytes; compared byte by byte.</param>
public readonly record struct RowKey(RowKind Kind, ReadOnlyMemory<byte> Key)
{
    /// <inheritdoc/>
    public bool Equals(RowKey other) => Kind == other.Kind && Key.Span.SequenceEqual(other.Key.Span);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Kind);
        hash.AddBytes(Key.Span);
        return hash.ToHashCode();
    }
}

/// <summary>A row as stored.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its sealed frame.</param>
public readonly record struct JournalRow(RowKey Key, ReadOnlyMemory<byte> Value);

/// <summary>Writes a row, or deletes it when <paramref name="Value"/> is <see langword="null"/>.</summary>
/// <param name="Key">The row's key.</param>
/// <param name="Value">The sealed frame, or <see langword="null"/>.</param>
public readonly record struct RowChange(RowKey Key, ReadOnlyMemory<byte>? Value);

/// <summary>One atomic step of a shard's log. The buffers stay unchanged until the commit completes.</summary>
public sealed class JournalCommit
{
    /// <summary>Gets the shard.</summary>
    public required ShardId Shard { get; init; }

    /// <summary>Gets the fence of the committing owner.</summary>
    public required Fence Fence { get; init; }

    /// <summary>Gets the position of <see cref="Record"/>: the end of the log plus one. Unused without a record.</summary>
    public LogPosition Position { get; init; }

    /// <summary>Gets the sealed record to append, or <see langword="null"/> for a commit of rows alone.</summary>
    public ReadOnlyMemory<byte>? Record { get; init; }

    /// <summary>Gets the rows to write and delete, applied in order.</summary>
    public IReadOnlyList<RowChange> Rows { get; init; } = [];

    /// <summary>Gets the position up to which records may be dropped, when this commit is a checkpoint.</summary>
    public LogPosition? TruncateThrough { get; init; }
}

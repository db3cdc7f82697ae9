using System.Collections.Immutable;

namespace Kyberium.Engine.Journal;

/// <summary>One bad frame.</summary>
/// <param name="Shard">Its shard.</param>
/// <param name="Position">Its position, when it is a record.</param>
/// <param name="Row">Its key, when it is a row.</param>
/// <param name="Fault">What is wrong with it.</param>
internal readonly record struct JournalFinding(ShardId Shard, LogPosition? Position, RowKey? Row, FrameFault Fault)
{
    public override string ToString() => Position is { } position
        ? $"shard {Shard}, record {position.Value}: {Fault.Explain()}"
        : $"shard {Shard}, row {Row!.Value.Kind}:{Convert.ToHexStringLower(Row.Value.Key.Span)}: {Fault.Explain()}";
}

/// <summary>What a verification saw.</summary>
/// <param name="RecordCount">Records looked at.</param>
/// <param name="RowCount">Rows looked at.</param>
/// <param name="Findings">Bad frames in the order found, the first <see cref="JournalVerifier.FindingsMax"/> of them.</param>
internal sealed record JournalReport(long RecordCount, long RowCount, ImmutableArray<JournalFinding> Findings)
{
    internal bool IsSound => Findings.IsEmpty;
}

/// <summary>Walks a journal without changing it. Without keys it checks frames, checksums, places and the chain of each log; with
/// a keyring also that each frame opens.</summary>
/// <remarks>For a store that no owner writes to meanwhile, or a backup. A broken record ends the walk of its log, since nothing
/// after it has a chain to stand on; rows and other shards go on.</remarks>
internal sealed class JournalVerifier(IJournal journal, IKeyring? keyring)
{
    internal const int FindingsMax = 100;

    private readonly ImmutableArray<JournalFinding>.Builder _findings = ImmutableArray.CreateBuilder<JournalFinding>();
    private long _recordCount;
    private long _rowCount;

    /// <summary>Verifies every shard.</summary>
    /// <exception cref="EngineException">What the keyring throws when a key does not unwrap.</exception>
    internal async ValueTask<JournalReport> VerifyAsync(CancellationToken cancellationToken)
    {
        var shards = await journal.ReadShardsAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        foreach (var shard in shards.OrderBy(s => s.Group, StringComparer.Ordinal).ThenBy(s => s.Number))
        {
            await VerifyAsync(shard, cancellationToken).ConfigureAwait(false);
        }

        return new JournalReport(_recordCount, _rowCount, _findings.ToImmutable());
    }

    private async ValueTask VerifyAsync(ShardId shard, CancellationToken cancellationToken)
    {
        var extent = await journal.ReadExtentAsync(shard, cancellationToken).ConfigureAwait(false);
        var keysAreSound = await VerifyDataKeyRowsAsync(shard, cancellationToken).ConfigureAwait(false);
        using var keys = keyring is not null && keysAreSound
            ? await DataKeys.ReadAsync(journal, keyring, shard, cancellationToken).ConfigureAwait(false)
            : null;
        using var opener = keys is null ? null : new ShardOpener(journal.StoreId, shard, extent, keys);
        var check = new FrameCheck(journal.StoreId, shard, extent, opener);

        await VerifyRecordsAsync(shard, extent, check, cancellationToken).ConfigureAwait(false);
        foreach (var kind in SealedRows.Kinds)
        {
            await foreach (var row in journal.ReadRowsAsync(shard, kind, default, cancellationToken).ConfigureAwait(false))
            {
                _rowCount++;
                Note(new(shard, null, row.Key, await check.RowAsync(row, cancellationToken).ConfigureAwait(false)));
            }
        }
    }

    private async ValueTask<bool> VerifyDataKeyRowsAsync(ShardId shard, CancellationToken cancellationToken)
    {
        var sound = true;
        await foreach (var row in journal.ReadRowsAsync(shard, RowKind.DataKey, default, cancellationToken).ConfigureAwait(false))
        {
            _rowCount++;
            var fault = DataKeyRow.Parse(row.Key, row.Value, out _, out _);
            sound &= fault == FrameFault.None;
            Note(new(shard, null, row.Key, fault));
        }

        return sound;
    }

    private async ValueTask VerifyRecordsAsync(
        ShardId shard, ShardExtent extent, FrameCheck check, CancellationToken cancellationToken)
    {
        var reached = extent.TruncatedThrough;
        await foreach (var record in journal.ReadRecordsAsync(shard, reached, cancellationToken).ConfigureAwait(false))
        {
            _recordCount++;
            reached = record.Position;
            var fault = await check.RecordAsync(record, cancellationToken).ConfigureAwait(false);
            Note(new(shard, record.Position, null, fault));
            if (fault != FrameFault.None)
            {
                return;
            }
        }

        if (reached.Value < extent.End.Value)
        {
            Note(new(shard, reached.Next, null, FrameFault.PositionGap));
        }
    }

    private void Note(JournalFinding finding)
    {
        if (finding.Fault != FrameFault.None && _findings.Count < FindingsMax)
        {
            _findings.Add(finding);
        }
    }

    /// <summary>The same checks with an opener and without.</summary>
    private sealed class FrameCheck(ReadOnlyMemory<byte> storeId, ShardId shard, ShardExtent extent, ShardOpener? opener)
    {
        private readonly byte[] _shardBytes = ShardBytes.Of(shard);
        private RecordChain _chain = new(extent.TruncatedThrough, []);

        internal async ValueTask<FrameFault> RecordAsync(JournalRecord record, CancellationToken cancellationToken)
        {
            if (opener is not null)
            {
                return (await opener.TryOpenRecordAsync(record, cancellationToken).ConfigureAwait(false)).Fault;
            }

            var fault = ParseOwn(record.Bytes, FrameKind.Record, out var frame);
            fault = fault == FrameFault.None ? _chain.Check(record.Position, frame) : fault;
            if (fault == FrameFault.None)
            {
                _chain.Advance(frame);
            }

            return fault;
        }

        internal async ValueTask<FrameFault> RowAsync(JournalRow row, CancellationToken cancellationToken)
        {
            if (opener is not null)
            {
                return (await opener.TryOpenRowAsync(row, cancellationToken).ConfigureAwait(false)).Fault;
            }

            var fault = ParseOwn(row.Value, FrameKind.Row, out var frame);
            return fault == FrameFault.None && !frame.RowKey.Equals(row.Key) ? FrameFault.OtherPlace : fault;
        }

        private FrameFault ParseOwn(ReadOnlyMemory<byte> bytes, FrameKind kind, out StoreFrame frame)
        {
            var fault = StoreFrame.Parse(bytes, out frame);
            return fault != FrameFault.None ? fault : frame.Check(kind, storeId.Span, _shardBytes, extent.Fence);
        }
    }
}

using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Journal;

/// <summary>One opened record.</summary>
/// <param name="Position">Its position, checked.</param>
/// <param name="Fence">The fence of the owner who wrote it.</param>
/// <param name="UnixMillis">That owner's wall clock.</param>
/// <param name="Plaintext">The content; valid until the opener's next call.</param>
internal readonly record struct OpenedRecord(LogPosition Position, Fence Fence, long UnixMillis, ReadOnlyMemory<byte> Plaintext);

/// <summary>Opens records and rows of one shard, of whatever tenure, and checks that each stands where it belongs.</summary>
/// <remarks>Plaintexts share one buffer, which is zeroed when outgrown and on disposal. Not thread-safe.</remarks>
internal sealed class ShardOpener : IDisposable
{
    private readonly byte[] _storeId;
    private readonly ShardId _shard;
    private readonly byte[] _shardBytes;
    private readonly Fence _fenceMax;
    private readonly DataKeys _keys;
    private readonly TenureCiphers _ciphers;
    private RecordChain _chain;
    private byte[] _plaintext = GC.AllocateUninitializedArray<byte>(4_096, pinned: true);

    /// <summary>Prepares to read a shard.</summary>
    /// <param name="storeId">The journal's id, 16 bytes.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="extent">What acquiring it or reading its extent gave: no frame may claim a higher fence.</param>
    /// <param name="keys">The shard's data keys; not disposed here.</param>
    /// <param name="aead">What opens; by default the platform's.</param>
    internal ShardOpener(ReadOnlyMemory<byte> storeId, ShardId shard, ShardExtent extent, DataKeys keys, AeadProvider? aead = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(storeId.Length, StoreFrame.StoreIdSize, nameof(storeId));
        _storeId = storeId.ToArray();
        _shard = shard;
        _shardBytes = ShardBytes.Of(shard);
        _fenceMax = extent.Fence;
        _keys = keys;
        _ciphers = new TenureCiphers(aead ?? AeadProvider.Platform);
        BeginAfter(extent.TruncatedThrough, []);
    }

    /// <summary>Gets the tag of the last record opened; 16 zeros before the first. A <see cref="ShardSealer"/> goes on from it.</summary>
    internal ReadOnlySpan<byte> LastTag => _chain.LastTag;

    /// <summary>Gets the position of the last record opened.</summary>
    internal LogPosition End => _chain.End;

    /// <summary>Sets where reading starts.</summary>
    /// <param name="truncatedThrough">The position before the first record to be opened.</param>
    /// <param name="tag">That record's tag, as the checkpoint kept it; empty when it is not known, and then the first record's
    /// predecessor is not checked.</param>
    internal void BeginAfter(LogPosition truncatedThrough, ReadOnlySpan<byte> tag) => _chain = new RecordChain(truncatedThrough, tag);

    /// <summary>Opens the next record.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.JournalCorrupt"/>: it is damaged, forged, moved, or not the
    /// successor of the one before; <see cref="EngineErrorCode.ShardFenced"/>: a later owner wrote it, or cut off what stood before it;
    /// <see cref="EngineErrorCode.JournalVersionUnsupported"/>; what the keyring and the journal throw.</exception>
    internal async ValueTask<OpenedRecord> OpenRecordAsync(JournalRecord record, CancellationToken cancellationToken)
    {
        var (fault, opened) = await TryOpenRecordAsync(record, cancellationToken).ConfigureAwait(false);
        return fault == FrameFault.None
            ? opened
            : throw await DeposedAsync(record.Bytes, fault, cancellationToken).ConfigureAwait(false) ?? JournalErrors.Corrupt(_shard, record.Position, fault);
    }

    /// <summary>Opens a row and checks that it lies under the key it was sealed for.</summary>
    /// <returns>The content; valid until the next call.</returns>
    /// <exception cref="EngineException">As for <see cref="OpenRecordAsync"/>.</exception>
    internal async ValueTask<ReadOnlyMemory<byte>> OpenRowAsync(JournalRow row, CancellationToken cancellationToken)
    {
        var (fault, plaintext) = await TryOpenRowAsync(row, cancellationToken).ConfigureAwait(false);
        return fault == FrameFault.None
            ? plaintext
            : throw await DeposedAsync(row.Value, fault, cancellationToken).ConfigureAwait(false) ?? JournalErrors.Corrupt(_shard, row.Key, fault);
    }

    internal async ValueTask<(FrameFault Fault, OpenedRecord Record)> TryOpenRecordAsync(
        JournalRecord record, CancellationToken cancellationToken)
    {
        var fault = StoreFrame.Parse(record.Bytes, out var frame);
        if (fault == FrameFault.None)
        {
            fault = frame.Check(FrameKind.Record, _storeId, _shardBytes, _fenceMax);
        }

        if (fault == FrameFault.None)
        {
            fault = _chain.Check(record.Position, frame);
        }

        if (fault == FrameFault.None)
        {
            fault = await DecryptAsync(frame, cancellationToken).ConfigureAwait(false);
        }

        if (fault != FrameFault.None)
        {
            return (fault, default);
        }

        _chain.Advance(frame);
        return (FrameFault.None, new(record.Position, frame.Fence, frame.UnixMillis, _plaintext.AsMemory(0, frame.Ciphertext.Length)));
    }

    internal async ValueTask<(FrameFault Fault, ReadOnlyMemory<byte> Plaintext)> TryOpenRowAsync(
        JournalRow row, CancellationToken cancellationToken)
    {
        var fault = StoreFrame.Parse(row.Value, out var frame);
        if (fault == FrameFault.None)
        {
            fault = frame.Check(FrameKind.Row, _storeId, _shardBytes, _fenceMax);
        }

        if (fault == FrameFault.None && !frame.RowKey.Equals(row.Key))
        {
            fault = FrameFault.OtherPlace;
        }

        if (fault == FrameFault.None)
        {
            fault = await DecryptAsync(frame, cancellationToken).ConfigureAwait(false);
        }

        return fault == FrameFault.None
            ? (FrameFault.None, _plaintext.AsMemory(0, frame.Ciphertext.Length))
            : (fault, default);
    }

    /// <summary>Forgets a data key whose row is gone, and what was derived from it.</summary>
    internal void Forget(uint dataKeyNumber)
    {
        _ciphers.Drop(dataKeyNumber);
        _keys.Forget(dataKeyNumber);
    }

    public void Dispose()
    {
        _ciphers.Dispose();
        CryptographicOperations.ZeroMemory(_plaintext);
    }

    /// <summary>Looks whether what does not fit is a later owner's doing: then it is no damage, and this owner has lost the shard without knowing it.</summary>
    /// <returns>What to say then; <see langword="null"/>: it is damage. A fence that the journal itself has not reached is nobody's.</returns>
    private async ValueTask<EngineException?> DeposedAsync(ReadOnlyMemory<byte> bytes, FrameFault fault, CancellationToken cancellationToken)
    {
        if (fault is not (FrameFault.FenceOutOfOrder or FrameFault.PositionGap) || StoreFrame.Parse(bytes, out var frame) != FrameFault.None
            || (fault == FrameFault.FenceOutOfOrder && frame.Fence.Value <= _fenceMax.Value))
        {
            return null;
        }

        var current = await _keys.ReadFenceAsync(cancellationToken).ConfigureAwait(false);
        return current.Value > _fenceMax.Value && frame.Fence.Value <= current.Value ? JournalErrors.Fenced(_shard, _fenceMax, current) : null;
    }

    private async ValueTask<FrameFault> DecryptAsync(StoreFrame frame, CancellationToken cancellationToken)
    {
        if (!_ciphers.TryGet(frame, out var cipher))
        {
            if (await _keys.FindAsync(frame.DataKeyNumber, cancellationToken).ConfigureAwait(false) is not { } dataKey)
            {
                return FrameFault.DataKeyMissing;
            }

            cipher = _ciphers.Add(frame, dataKey);
        }

        var size = frame.Ciphertext.Length;
        if (_plaintext.Length < size)
        {
            CryptographicOperations.ZeroMemory(_plaintext);
            _plaintext = GC.AllocateUninitializedArray<byte>(checked((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)size)), pinned: true);
        }

        return cipher.TryOpen(frame, _plaintext.AsSpan(0, size)) ? FrameFault.None : FrameFault.NotAuthentic;
    }
}

using System.Buffers.Binary;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Journal;

/// <summary>Seals the records and rows of one tenure: one owner's stay with a shard.</summary>
/// <remarks>
/// The key depends on the tenure's random bytes and the nonce on a counter that lives in this object alone, so no key and
/// nonce meet twice whatever happened to the store. A sealed frame whose commit has an unknown outcome is committed again as
/// it is, never sealed again. Not thread-safe: the shard's turn loop owns it.
/// </remarks>
internal sealed class ShardSealer : IDisposable
{
    private readonly byte[] _storeId;
    private readonly byte[] _shard;
    private readonly byte[] _tenure;
    private readonly byte[] _previousTag;
    private readonly Fence _fence;
    private readonly AeadProvider _aead;
    private StoreAead _cipher;
    private uint _dataKeyNumber;
    private ulong _counter;
    private LogPosition _end;

    /// <summary>Begins a tenure.</summary>
    /// <param name="storeId">The journal's id, 16 bytes.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="extent">What acquiring gave: the fence, and the end of the log as read by <see cref="ShardOpener"/>.</param>
    /// <param name="dataKey">The current data key; only read here, not kept.</param>
    /// <param name="tenure">32 random bytes drawn for this tenure alone.</param>
    /// <param name="previousTag">The tag of the record at the end of the log, 16 bytes; zeros before the first record.</param>
    /// <param name="aead">What seals; by default the platform's. The bytes are the same.</param>
    internal ShardSealer(
        ReadOnlyMemory<byte> storeId, ShardId shard, ShardExtent extent, DataKey dataKey,
        ReadOnlySpan<byte> tenure, ReadOnlySpan<byte> previousTag, AeadProvider? aead = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(storeId.Length, StoreFrame.StoreIdSize, nameof(storeId));
        ArgumentOutOfRangeException.ThrowIfNotEqual(tenure.Length, StoreFrame.TenureSize, nameof(tenure));
        ArgumentOutOfRangeException.ThrowIfNotEqual(previousTag.Length, StoreFrame.TagSize, nameof(previousTag));
        ArgumentOutOfRangeException.ThrowIfLessThan(extent.Fence.Value, 1, nameof(extent));
        _storeId = storeId.ToArray();
        _shard = ShardBytes.Of(shard);
        _tenure = tenure.ToArray();
        _previousTag = previousTag.ToArray();
        _fence = extent.Fence;
        _end = extent.End;
        _dataKeyNumber = dataKey.Number;
        _aead = aead ?? AeadProvider.Platform;
        _cipher = StoreAead.Derive(_aead, dataKey.Secret, _shard, _fence, _tenure);
    }

    internal Fence Fence => _fence;

    /// <summary>Gets the 32 random bytes of this tenure; not secret.</summary>
    internal ReadOnlyMemory<byte> Tenure => _tenure;

    /// <summary>Gets the tag of the last record sealed; a checkpoint stores it beside the truncation it makes.</summary>
    internal ReadOnlySpan<byte> LastTag => _previousTag;

    /// <summary>Gets the position of the last record sealed.</summary>
    internal LogPosition End => _end;

    /// <summary>Gets the number of the data key that seals.</summary>
    internal uint DataKeyNumber => _dataKeyNumber;

    /// <summary>Goes on under a newer data key. Tenure and counter stay; the derived key is another one.</summary>
    internal void UseDataKey(DataKey dataKey)
    {
        Invariant.Holds(dataKey.Number > _dataKeyNumber, "a data key is only ever replaced by a newer one");
        var next = StoreAead.Derive(_aead, dataKey.Secret, _shard, _fence, _tenure);
        _cipher.Dispose();
        _cipher = next;
        _dataKeyNumber = dataKey.Number;
    }

    /// <summary>Gets the size of the frame of a record with so much plaintext.</summary>
    internal int RecordFrameSize(int plaintextSize) =>
        StoreFrame.RecordHeaderSize(_shard.Length) + plaintextSize + StoreFrame.TagSize + Crc32C.Size;

    /// <summary>Seals the record that follows the last one, chained to it.</summary>
    /// <param name="position">The end of the log plus one.</param>
    /// <param name="plaintext">The record; 0 bytes to 256 MiB.</param>
    /// <param name="unixMillis">Wall time, kept readable.</param>
    /// <returns>A new array with exactly the frame.</returns>
    internal byte[] SealRecord(LogPosition position, ReadOnlySpan<byte> plaintext, long unixMillis)
    {
        var frame = GC.AllocateUninitializedArray<byte>(RecordFrameSize(Checked(plaintext)));
        SealRecord(position, plaintext, unixMillis, frame);
        return frame;
    }

    /// <summary>Seals the next record into a buffer of exactly <see cref="RecordFrameSize"/> bytes, apart from the plaintext's.</summary>
    internal void SealRecord(LogPosition position, ReadOnlySpan<byte> plaintext, long unixMillis, Span<byte> frame)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(frame.Length, RecordFrameSize(Checked(plaintext)), nameof(frame));
        Invariant.Holds(position == _end.Next, "records are sealed in the order of their positions");

        var place = WriteHeader(frame, FrameKind.Record, plaintext.Length, unixMillis);
        BinaryPrimitives.WriteInt64BigEndian(place, position.Value);
        _previousTag.CopyTo(place[sizeof(long)..]);
        Finish(frame, StoreFrame.RecordHeaderSize(_shard.Length), plaintext).CopyTo(_previousTag);
        _end = position;
    }

    /// <summary>Seals a row, bound to its key.</summary>
    /// <returns>A new array with exactly the frame.</returns>
    internal byte[] SealRow(RowKey key, ReadOnlySpan<byte> plaintext, long unixMillis)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Key.Length, StoreFrame.RowKeyMax, nameof(key));
        var headerSize = StoreFrame.RowHeaderSize(_shard.Length, key.Key.Length);
        var frame = GC.AllocateUninitializedArray<byte>(headerSize + Checked(plaintext) + StoreFrame.TagSize + Crc32C.Size);

        var place = WriteHeader(frame, FrameKind.Row, plaintext.Length, unixMillis);
        place[0] = checked((byte)key.Kind);
        place[1] = (byte)key.Key.Length;
        key.Key.Span.CopyTo(place[2..]);
        Finish(frame, headerSize, plaintext);
        return frame;
    }

    public void Dispose() => _cipher.Dispose();

    private static int Checked(ReadOnlySpan<byte> plaintext)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plaintext.Length, StoreFrame.PlaintextMax, nameof(plaintext));
        return plaintext.Length;
    }

    /// <returns>Where the position or the row's key goes.</returns>
    private Span<byte> WriteHeader(Span<byte> frame, FrameKind kind, int length, long unixMillis)
    {
        StoreFrame.Magic.CopyTo(frame);
        frame[StoreFrame.VersionOffset] = StoreFrame.Version;
        frame[StoreFrame.KindOffset] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(frame[StoreFrame.LengthOffset..], length);
        _storeId.CopyTo(frame[StoreFrame.StoreIdOffset..]);
        BinaryPrimitives.WriteInt64BigEndian(frame[StoreFrame.FenceOffset..], _fence.Value);
        BinaryPrimitives.WriteUInt32BigEndian(frame[StoreFrame.DataKeyOffset..], _dataKeyNumber);
        _tenure.CopyTo(frame[StoreFrame.TenureOffset..]);
        BinaryPrimitives.WriteUInt64BigEndian(frame[StoreFrame.CounterOffset..], _counter);
        BinaryPrimitives.WriteInt64BigEndian(frame[StoreFrame.TimeOffset..], unixMillis);
        _shard.CopyTo(frame[StoreFrame.ShardOffset..]);
        return frame[(StoreFrame.ShardOffset + _shard.Length)..];
    }

    /// <returns>The tag.</returns>
    private Span<byte> Finish(Span<byte> frame, int headerSize, ReadOnlySpan<byte> plaintext)
    {
        var counter = _counter;
        _counter = checked(_counter + 1);   // before use: a failure in between costs a number, never repeats one
        var tag = frame.Slice(headerSize + plaintext.Length, StoreFrame.TagSize);
        _cipher.Seal(counter, plaintext, frame.Slice(headerSize, plaintext.Length), tag, frame[..headerSize]);
        BinaryPrimitives.WriteUInt32BigEndian(frame[^Crc32C.Size..], Crc32C.Compute(frame[..^Crc32C.Size]));
        return tag;
    }
}

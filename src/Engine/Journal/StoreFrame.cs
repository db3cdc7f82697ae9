using System.Buffers.Binary;

namespace Kyberium.Engine.Journal;

/// <summary>What a frame holds.</summary>
internal enum FrameKind : byte
{
    Record = 1,
    Row = 2,
}

/// <summary>A parsed frame as it lies at rest: header (the associated data), ciphertext, tag, checksum.</summary>
/// <remarks>Layout, byte by byte: docs/formats/journal.md. Slices point into the bytes given to <see cref="Parse"/>.</remarks>
internal readonly struct StoreFrame
{
    internal const int StoreIdSize = 16;
    internal const int TenureSize = 32;
    internal const int TagSize = 16;
    internal const int RowKeyMax = 64;

    /// <summary>The largest plaintext one frame holds: a guard against runaway batches, well above any configured bound.</summary>
    internal const int PlaintextMax = 1 << 28;

    internal const byte Version = 1;

    internal const int VersionOffset = 4;
    internal const int KindOffset = 5;
    internal const int LengthOffset = 6;
    internal const int StoreIdOffset = 10;
    internal const int FenceOffset = 26;
    internal const int DataKeyOffset = 34;
    internal const int TenureOffset = 38;
    internal const int CounterOffset = 70;
    internal const int TimeOffset = 78;
    internal const int ShardOffset = 86;

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly int _shardSize;
    private readonly int _headerSize;

    private StoreFrame(ReadOnlyMemory<byte> bytes, int shardSize, int headerSize)
    {
        _bytes = bytes;
        _shardSize = shardSize;
        _headerSize = headerSize;
    }

    internal static ReadOnlySpan<byte> Magic => "KYBJ"u8;

    internal FrameKind Kind => (FrameKind)Span[KindOffset];

    internal ReadOnlySpan<byte> StoreId => Span.Slice(StoreIdOffset, StoreIdSize);

    internal Fence Fence => new(BinaryPrimitives.ReadInt64BigEndian(Span[FenceOffset..]));

    internal uint DataKeyNumber => BinaryPrimitives.ReadUInt32BigEndian(Span[DataKeyOffset..]);

    internal ReadOnlySpan<byte> Tenure => Span.Slice(TenureOffset, TenureSize);

    internal ulong Counter => BinaryPrimitives.ReadUInt64BigEndian(Span[CounterOffset..]);

    /// <summary>Gets the sealer's wall clock, milliseconds since 1970 UTC.</summary>
    internal long UnixMillis => BinaryPrimitives.ReadInt64BigEndian(Span[TimeOffset..]);

    /// <summary>Gets the shard as <see cref="ShardBytes"/> encodes it.</summary>
    internal ReadOnlySpan<byte> Shard => Span.Slice(ShardOffset, _shardSize);

    /// <summary>Gets a record's position. Only for <see cref="FrameKind.Record"/>.</summary>
    internal LogPosition Position => new(BinaryPrimitives.ReadInt64BigEndian(Place));

    /// <summary>Gets the tag of the record before. Only for <see cref="FrameKind.Record"/>.</summary>
    internal ReadOnlySpan<byte> PreviousTag => Place[sizeof(long)..];

    /// <summary>Gets a row's key. Only for <see cref="FrameKind.Row"/>.</summary>
    internal RowKey RowKey => new((RowKind)Place[0], _bytes[(ShardOffset + _shardSize + 2).._headerSize]);

    /// <summary>Gets the header: all that is authenticated but not encrypted.</summary>
    internal ReadOnlySpan<byte> Header => Span[.._headerSize];

    internal ReadOnlySpan<byte> Ciphertext => Span[_headerSize..^(TagSize + Crc32C.Size)];

    internal ReadOnlySpan<byte> Tag => Span[^(TagSize + Crc32C.Size)..^Crc32C.Size];

    private ReadOnlySpan<byte> Span => _bytes.Span;

    private ReadOnlySpan<byte> Place => Span[(ShardOffset + _shardSize).._headerSize];

    internal static int RecordHeaderSize(int shardSize) => ShardOffset + shardSize + sizeof(long) + TagSize;

    internal static int RowHeaderSize(int shardSize, int keySize) => ShardOffset + shardSize + 2 + keySize;

    /// <summary>Checks checksum, version, lengths and the header's own rules. Says nothing about who sealed it.</summary>
    /// <returns><see cref="FrameFault.None"/> and the frame, or the first fault found. Never throws.</returns>
    /// <remarks>The checksum comes before the version: a flipped bit must not pass for a newer format. So every later version
    /// keeps the magic first and the checksum last.</remarks>
    internal static FrameFault Parse(ReadOnlyMemory<byte> bytes, out StoreFrame frame)
    {
        frame = default;
        var span = bytes.Span;
        if (span.Length < ShardOffset + TagSize + Crc32C.Size)
        {
            return FrameFault.TooShort;
        }

        if (Crc32C.Compute(span[..^Crc32C.Size]) != BinaryPrimitives.ReadUInt32BigEndian(span[^Crc32C.Size..]))
        {
            return FrameFault.ChecksumMismatch;
        }

        if (!span.StartsWith(Magic))
        {
            return FrameFault.NotAFrame;
        }

        if (span[VersionOffset] != Version)
        {
            return FrameFault.VersionUnsupported;
        }

        return ParseSizes(span, out var shardSize, out var headerSize) is { } fault and not FrameFault.None
            ? fault
            : Accept(new StoreFrame(bytes, shardSize, headerSize), out frame);
    }

    /// <summary>Checks that the frame belongs where it was found, as far as its header tells.</summary>
    internal FrameFault Check(FrameKind kind, ReadOnlySpan<byte> storeId, ReadOnlySpan<byte> shard, Fence fenceMax) =>
        Kind != kind ? FrameFault.OtherKind
        : !StoreId.SequenceEqual(storeId) ? FrameFault.OtherStore
        : !Shard.SequenceEqual(shard) ? FrameFault.OtherShard
        : Fence.Value > fenceMax.Value ? FrameFault.FenceOutOfOrder
        : FrameFault.None;

    private static FrameFault Accept(StoreFrame parsed, out StoreFrame frame)
    {
        var sound = parsed.Fence.Value > 0 && parsed.DataKeyNumber > 0
            && (parsed.Kind == FrameKind.Row || parsed.Position.Value > 0);
        frame = sound ? parsed : default;
        return sound ? FrameFault.None : FrameFault.HeaderMalformed;
    }

    private static FrameFault ParseSizes(ReadOnlySpan<byte> span, out int shardSize, out int headerSize)
    {
        headerSize = 0;
        var room = span.Length - (TagSize + Crc32C.Size);   // for header and ciphertext
        shardSize = ShardOffset < room ? ShardBytes.SizeFor(span[ShardOffset]) : 0;
        var place = ShardOffset + shardSize;
        if (shardSize == 0 || place + 2 > room)
        {
            return FrameFault.HeaderMalformed;
        }

        switch ((FrameKind)span[KindOffset])
        {
            case FrameKind.Record:
                headerSize = RecordHeaderSize(shardSize);
                break;
            case FrameKind.Row when span[place] != 0 && span[place + 1] <= RowKeyMax:
                headerSize = RowHeaderSize(shardSize, span[place + 1]);
                break;
            default:
                return FrameFault.HeaderMalformed;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(span[LengthOffset..]);
        return headerSize <= room && length == (uint)(room - headerSize) ? FrameFault.None : FrameFault.LengthMismatch;
    }
}

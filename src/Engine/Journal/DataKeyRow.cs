using System.Buffers.Binary;

namespace Kyberium.Engine.Journal;

/// <summary>A data key as it lies in its row: wrapped, with the time it was made, and a checksum.</summary>
/// <remarks>Layout: docs/formats/journal.md, "Data key rows". The wrap authenticates store, shard, number and time.</remarks>
internal readonly record struct DataKeyRow(long CreatedAtUnixMillis, ReadOnlyMemory<byte> Wrapped)
{
    internal const int WrappedMax = 512;

    private const byte Version = 1;
    private const int VersionOffset = 4;
    private const int TimeOffset = 5;
    private const int LengthOffset = 13;
    private const int WrappedOffset = 15;

    private static ReadOnlySpan<byte> Magic => "KYBK"u8;

    internal static RowKey KeyOf(uint number)
    {
        var key = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(key, number);
        return new RowKey(RowKind.DataKey, key);
    }

    /// <summary>Gives what the wrap is bound to: "kyb1 data key" ‖ store id ‖ shard ‖ number ‖ time.</summary>
    internal static byte[] Context(ReadOnlySpan<byte> storeId, ReadOnlySpan<byte> shard, uint number, long createdAtUnixMillis)
    {
        var label = "kyb1 data key"u8;
        var context = new byte[label.Length + storeId.Length + shard.Length + sizeof(uint) + sizeof(long)];
        label.CopyTo(context);
        storeId.CopyTo(context.AsSpan(label.Length));
        shard.CopyTo(context.AsSpan(label.Length + storeId.Length));
        BinaryPrimitives.WriteUInt32BigEndian(context.AsSpan(context.Length - 12), number);
        BinaryPrimitives.WriteInt64BigEndian(context.AsSpan(context.Length - 8), createdAtUnixMillis);
        return context;
    }

    internal byte[] Encode()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Wrapped.Length, WrappedMax, nameof(Wrapped));
        var bytes = new byte[WrappedOffset + Wrapped.Length + Crc32C.Size];
        Magic.CopyTo(bytes);
        bytes[VersionOffset] = Version;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(TimeOffset), CreatedAtUnixMillis);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(LengthOffset), (ushort)Wrapped.Length);
        Wrapped.Span.CopyTo(bytes.AsSpan(WrappedOffset));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(bytes.Length - Crc32C.Size), Crc32C.Compute(bytes.AsSpan(..^Crc32C.Size)));
        return bytes;
    }

    /// <returns><see cref="FrameFault.None"/> and the row, or the first fault found. Never throws.</returns>
    internal static FrameFault Parse(RowKey key, ReadOnlyMemory<byte> bytes, out uint number, out DataKeyRow row)
    {
        (number, row) = (0, default);
        var span = bytes.Span;
        if (span.Length < WrappedOffset + Crc32C.Size)
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

        var length = BinaryPrimitives.ReadUInt16BigEndian(span[LengthOffset..]);
        if (length > WrappedMax || length != span.Length - WrappedOffset - Crc32C.Size)
        {
            return FrameFault.LengthMismatch;
        }

        if (key.Kind != RowKind.DataKey || key.Key.Length != sizeof(uint))
        {
            return FrameFault.OtherPlace;
        }

        number = BinaryPrimitives.ReadUInt32BigEndian(key.Key.Span);
        row = new DataKeyRow(BinaryPrimitives.ReadInt64BigEndian(span[TimeOffset..]), bytes.Slice(WrappedOffset, length));
        return number == 0 ? FrameFault.OtherPlace : FrameFault.None;
    }
}

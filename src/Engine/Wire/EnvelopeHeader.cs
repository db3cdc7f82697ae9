using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>The first 44 bytes of every envelope; all of them are authenticated. docs/formats/envelope.md.</summary>
/// <param name="Type">What the envelope is for.</param>
/// <param name="Suite">The suite of the session or handshake.</param>
/// <param name="Receiver">Whose keys open it; none in msg1 and cookie messages, never none elsewhere.</param>
/// <param name="Epoch">The epoch it is sealed under, or that a handshake makes.</param>
/// <param name="Incarnation">The sender's incarnation; in handshakes the first 16 bytes of the addressed fingerprint.</param>
/// <param name="Sequence">The record's number under its incarnation; 0 in handshakes.</param>
/// <param name="BodyLength">How many bytes follow the header, tag included.</param>
internal readonly record struct EnvelopeHeader(
    EnvelopeType Type,
    Suite Suite,
    ReceiverIndex Receiver,
    Epoch Epoch,
    Incarnation Incarnation,
    ulong Sequence,
    int BodyLength)
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 44;

    /// <summary>The only version spoken.</summary>
    internal const byte Version = 1;

    /// <summary>The AEAD tag at the end of every record's body.</summary>
    internal const int TagSize = 16;

    /// <summary>1 MiB + 64 KiB: the most that may follow a header.</summary>
    internal const int BodyLengthMax = (1 << 20) + (1 << 16);

    /// <summary>The longest envelope.</summary>
    internal const int EnvelopeLengthMax = Size + BodyLengthMax;

    /// <summary>What a record adds to its plaintext.</summary>
    internal const int RecordOverhead = Size + TagSize;

    /// <summary>Gets the length of header and body together.</summary>
    internal int EnvelopeLength => Size + BodyLength;

    /// <summary>Reads a header; bytes after the first 44 are not looked at.</summary>
    /// <remarks>The version is judged first, so that a newer layout is never called malformed.</remarks>
    internal static bool TryRead(ReadOnlySpan<byte> source, out EnvelopeHeader header, out WireFailure failure)
    {
        header = default;
        failure = Check(source);
        if (failure != WireFailure.None)
        {
            return false;
        }

        header = new EnvelopeHeader(
            (EnvelopeType)source[1],
            (Suite)BinaryPrimitives.ReadUInt16BigEndian(source[2..]),
            new ReceiverIndex(BinaryPrimitives.ReadUInt64BigEndian(source[4..])),
            new Epoch(BinaryPrimitives.ReadUInt32BigEndian(source[12..])),
            Incarnation.Read(source[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[32..]),
            (int)BinaryPrimitives.ReadUInt32BigEndian(source[40..]));
        return true;
    }

    /// <summary>Reads whose keys open an envelope, and nothing else of it: to look ahead. Untrusted.</summary>
    internal static bool TryReadReceiver(ReadOnlySpan<byte> source, out ReceiverIndex receiver)
    {
        receiver = source.Length >= Size ? new ReceiverIndex(BinaryPrimitives.ReadUInt64BigEndian(source[4..])) : default;
        return source.Length >= Size;
    }

    /// <summary>Reads the header of exactly one whole envelope: its length field must match the bytes given.</summary>
    internal static bool TryReadEnvelope(ReadOnlySpan<byte> envelope, out EnvelopeHeader header, out WireFailure failure)
    {
        if (!TryRead(envelope, out header, out failure))
        {
            return false;
        }

        failure = envelope.Length.CompareTo(header.EnvelopeLength) switch
        {
            0 => WireFailure.None,
            < 0 => WireFailure.Truncated,
            _ => WireFailure.LengthMismatch,
        };
        return failure == WireFailure.None;
    }

    /// <summary>Writes 44 bytes.</summary>
    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination[32..], Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(destination[40..], (uint)BodyLength);
        destination[0] = Version;
        destination[1] = (byte)Type;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)Suite);
        BinaryPrimitives.WriteUInt64BigEndian(destination[4..], Receiver.Value);
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], Epoch.Value);
        Incarnation.Write(destination[16..]);
    }

    private static WireFailure Check(ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
        {
            return WireFailure.Truncated;
        }

        if (source[0] != Version)
        {
            return WireFailure.VersionUnsupported;
        }

        if (source.Length < Size)
        {
            return WireFailure.Truncated;
        }

        var type = (EnvelopeType)source[1];
        if (!type.IsKnown())
        {
            return WireFailure.TypeUnknown;
        }

        if (!SuiteSet.IsKnown(BinaryPrimitives.ReadUInt16BigEndian(source[2..])))
        {
            return WireFailure.SuiteUnsupported;
        }

        return CheckFields(type, source);
    }

    private static WireFailure CheckFields(EnvelopeType type, ReadOnlySpan<byte> source)
    {
        var addressed = BinaryPrimitives.ReadUInt64BigEndian(source[4..]) != 0;
        if (addressed != (type.IsRecord() || type == EnvelopeType.Handshake2))
        {
            return WireFailure.FieldInvalid;
        }

        if (!type.IsRecord() && BinaryPrimitives.ReadUInt64BigEndian(source[32..]) != 0)
        {
            return WireFailure.FieldInvalid;
        }

        var bodyLength = BinaryPrimitives.ReadUInt32BigEndian(source[40..]);
        if (bodyLength > BodyLengthMax)
        {
            return WireFailure.Oversized;
        }

        return bodyLength < TagSize ? WireFailure.LengthMismatch : WireFailure.None;
    }
}

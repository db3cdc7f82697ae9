using System.Buffers;
using System.Buffers.Binary;

namespace Kyberium.Engine.AspNetCore;

/// <summary>The body of a link's requests and responses: envelopes, each behind its length. docs/formats/link-http.md.</summary>
internal static class LinkFormat
{
    /// <summary>Where envelopes are posted to.</summary>
    internal const string EnvelopesPath = "/kyberium/v1/envelopes";

    /// <summary>Says whether somebody listens.</summary>
    internal const string HealthPath = "/kyberium/v1/health";

    /// <summary>The type of both bodies.</summary>
    internal const string ContentType = "application/vnd.kyberium.envelopes";

    /// <summary>The request header by which a caller that cannot be called asks for what waits for it: how many milliseconds it waits.</summary>
    internal const string WaitHeader = "Kyberium-Wait";

    /// <summary>The longest wait that is granted.</summary>
    internal const int WaitMillisMax = 300_000;

    /// <summary>How many bytes an answer to such a request may have; the largest envelope fits.</summary>
    internal const int CollectedBytesMax = 2 << 20;

    /// <summary>Each envelope follows its length in bytes, unsigned and big-endian.</summary>
    internal const int LengthSize = 4;

    /// <summary>The shortest envelope is a header alone.</summary>
    internal const int EnvelopeLengthMin = 44;

    /// <summary>The longest is a header, 1 MiB of payload and 64 KiB of room around it.</summary>
    internal const int EnvelopeLengthMax = EnvelopeLengthMin + (1 << 20) + (1 << 16);

    /// <summary>Gets how many bytes an envelope takes in a body.</summary>
    internal static long SizeOf(ReadOnlyMemory<byte> envelope) => LengthSize + envelope.Length;

    /// <summary>Writes the length in front of an envelope.</summary>
    internal static void WriteLength(Span<byte> destination, int length) =>
        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)length);

    /// <summary>Takes the first envelope off what has arrived of a body.</summary>
    /// <param name="arrived">Advanced past the envelope when there is one; unchanged otherwise.</param>
    /// <param name="envelope">A part of <paramref name="arrived"/>.</param>
    internal static Taken TryTake(ref ReadOnlySequence<byte> arrived, out ReadOnlySequence<byte> envelope)
    {
        envelope = default;
        if (arrived.Length < LengthSize)
        {
            return Taken.Nothing;
        }

        Span<byte> prefix = stackalloc byte[LengthSize];
        arrived.Slice(0, LengthSize).CopyTo(prefix);
        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix);
        if (length is < EnvelopeLengthMin or > EnvelopeLengthMax)
        {
            return Taken.Malformed;
        }

        if (arrived.Length - LengthSize < length)
        {
            return Taken.Nothing;
        }

        envelope = arrived.Slice(LengthSize, length);
        arrived = arrived.Slice(envelope.End);
        return Taken.Envelope;
    }

    /// <summary>What was at the beginning of the bytes.</summary>
    internal enum Taken
    {
        /// <summary>No whole envelope yet.</summary>
        Nothing,

        /// <summary>One envelope.</summary>
        Envelope,

        /// <summary>A length that no envelope has.</summary>
        Malformed,
    }
}

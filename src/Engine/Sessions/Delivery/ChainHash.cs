using System.Buffers.Binary;
using System.Security.Cryptography;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Delivery;

/// <summary>The hash that ties each message of a stream to all before it (docs/formats/delivery.md).</summary>
/// <remarks>
/// <c>chain_0 = stream</c>; <c>chain_n</c> = first 16 bytes of SHA-512(chain_{n-1} ‖ number64 ‖ flags8 ‖ SHA-256(payload)).
/// The payload goes in by its digest so that a void, which carries the digest of the message that expired, leaves the
/// chain as it was: the peer may have accepted the message before it expired here.
/// </remarks>
internal static class ChainHash
{
    internal const int DigestSize = 32;

    internal static ChainValue Start(StreamId stream) => new(stream.High, stream.Low);

    internal static ChainValue Next(ChainValue previous, ulong number, MessageFlags flags, ReadOnlySpan<byte> digest)
    {
        Span<byte> input = stackalloc byte[16 + 8 + 1 + DigestSize];
        previous.Write(input);
        BinaryPrimitives.WriteUInt64BigEndian(input[16..], number);
        input[24] = (byte)flags;
        digest.CopyTo(input[25..]);
        Span<byte> hash = stackalloc byte[64];
        SHA512.HashData(input, hash);
        return ChainValue.Read(hash);
    }

    internal static ChainValue NextOf(ChainValue previous, ulong number, MessageFlags flags, ReadOnlySpan<byte> payload)
    {
        Span<byte> digest = stackalloc byte[DigestSize];
        SHA256.HashData(payload, digest);
        return Next(previous, number, flags, digest);
    }
}

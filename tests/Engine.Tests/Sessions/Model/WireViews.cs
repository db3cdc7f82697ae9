using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>The wire's identifiers as the numbers that a symbolic world names things by.</summary>
internal static class WireViews
{
    extension(SessionId id)
    {
        internal UInt128 Value => new(id.High, id.Low);
    }

    extension(StreamId id)
    {
        internal UInt128 Value => new(id.High, id.Low);
    }

    extension(ChainValue chain)
    {
        internal UInt128 Value => new(chain.High, chain.Low);
    }

    internal static SessionId SessionOf(UInt128 value) => new((ulong)(value >> 64), (ulong)value);
}

/// <summary>A durable message's plaintext as a value that can be kept and altered.</summary>
internal sealed record MessageRecord(
    StreamId Stream, ulong Number, ulong LowestUnacknowledged, ChainValue Chain, MessageFlags Flags, ReadOnlyMemory<byte> Payload)
{
    internal byte[] Encode() =>
        new DeliveryMessage(Stream, Number, LowestUnacknowledged, Chain, Flags, Payload.Span).Encode();

    internal static bool TryParse(ReadOnlyMemory<byte> bytes, out MessageRecord record)
    {
        var parsed = DeliveryMessage.TryRead(bytes.Span, out var message, out _);
        record = parsed
            ? new MessageRecord(
                message.Stream, message.Number, message.LowestUnacknowledged, message.Chain, message.Flags,
                bytes[DeliveryMessage.HeadSize..])
            : null!;
        return parsed;
    }
}

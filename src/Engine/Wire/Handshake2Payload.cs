using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>What the responder says in msg2. docs/formats/handshake.md.</summary>
/// <param name="Receiver">How it wants to be addressed; never none.</param>
/// <param name="Versions">The versions it speaks.</param>
/// <param name="Suites">The suites it accepts, as far as they are known here.</param>
/// <param name="OwnHeader">The header of the envelope that carries this; must equal the one received.</param>
/// <param name="Greeting">Where its durable delivery stands.</param>
internal readonly record struct Handshake2Payload(
    ReceiverIndex Receiver, VersionRange Versions, SuiteSet Suites, EnvelopeHeader OwnHeader, DeliveryGreeting Greeting)
{
    /// <summary>Gets the size, which depends on the number of suites only.</summary>
    internal int Size => SizeFor(Suites);

    /// <summary>The size of a payload with these suites: known before the header is, whose length field needs it.</summary>
    internal static int SizeFor(SuiteSet suites) =>
        (5 * TlvReader.FieldOverhead) + ReceiverIndex.Size + VersionRange.Size + suites.EncodedSize
        + EnvelopeHeader.Size + DeliveryGreeting.Size;

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    internal void Write(Span<byte> destination)
    {
        var writer = new TlvWriter(destination);
        BinaryPrimitives.WriteUInt64BigEndian(writer.Field(TlvType.ReceiverIndex, ReceiverIndex.Size), Receiver.Value);
        Versions.Write(writer.Field(TlvType.VersionRange, VersionRange.Size));
        Suites.Write(writer.Field(TlvType.Suites, Suites.EncodedSize));
        OwnHeader.Write(writer.Field(TlvType.OwnHeader, EnvelopeHeader.Size));
        Greeting.Write(writer.Field(TlvType.Greeting, DeliveryGreeting.Size));
    }

    internal static bool TryRead(ReadOnlySpan<byte> source, out Handshake2Payload payload, out WireFailure failure)
    {
        EnvelopeHeader? ownHeader = null;
        DeliveryGreeting? greeting = null;
        var common = default(HandshakeFields);
        var reader = new TlvReader(source);
        while (reader.TryNext(out var type, out var value))
        {
            switch ((TlvType)type)
            {
                case TlvType.OwnHeader:
                    ownHeader = TryReadHeader(value, out var header, out failure) ? header : null;
                    reader.Take(failure);
                    break;
                case TlvType.Greeting:
                    greeting = DeliveryGreeting.TryRead(value, out var read, out failure) ? read : null;
                    reader.Take(failure);
                    break;
                default:
                    common.Take(ref reader, type, value);
                    break;
            }
        }

        var complete = common.IsComplete && ownHeader is not null && greeting is not null;
        failure = reader.Failure != WireFailure.None || complete ? reader.Failure : WireFailure.FieldMissing;
        payload = failure == WireFailure.None
            ? new Handshake2Payload(
                common.Receiver,
                common.Versions.GetValueOrDefault(),
                common.Suites.GetValueOrDefault(),
                ownHeader.GetValueOrDefault(),
                greeting.GetValueOrDefault())
            : default;
        return failure == WireFailure.None;
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> value, out EnvelopeHeader header, out WireFailure failure)
    {
        if (value.Length != EnvelopeHeader.Size)
        {
            header = default;
            failure = WireFailure.LengthMismatch;
            return false;
        }

        return EnvelopeHeader.TryRead(value, out header, out failure);
    }
}

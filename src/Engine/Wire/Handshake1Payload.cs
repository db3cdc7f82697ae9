using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>What the initiator says in msg1, encrypted to the responder's static key. docs/formats/handshake.md.</summary>
/// <param name="Initiator">Its fingerprint; the document of that fingerprint must hold the static key msg1 sends.</param>
/// <param name="Receiver">How it wants to be addressed; never none.</param>
/// <param name="Versions">The versions it speaks.</param>
/// <param name="Suites">The suites it offers, as far as they are known here.</param>
internal readonly record struct Handshake1Payload(
    Fingerprint Initiator, ReceiverIndex Receiver, VersionRange Versions, SuiteSet Suites)
{
    internal int Size =>
        (4 * TlvReader.FieldOverhead) + Fingerprint.Size + ReceiverIndex.Size + VersionRange.Size + Suites.EncodedSize;

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    internal void Write(Span<byte> destination)
    {
        var writer = new TlvWriter(destination);
        Initiator.Bytes.CopyTo(writer.Field(TlvType.InitiatorFingerprint, Fingerprint.Size));
        BinaryPrimitives.WriteUInt64BigEndian(writer.Field(TlvType.ReceiverIndex, ReceiverIndex.Size), Receiver.Value);
        Versions.Write(writer.Field(TlvType.VersionRange, VersionRange.Size));
        Suites.Write(writer.Field(TlvType.Suites, Suites.EncodedSize));
    }

    internal static bool TryRead(ReadOnlySpan<byte> source, out Handshake1Payload payload, out WireFailure failure)
    {
        Fingerprint initiator = default;
        var common = default(HandshakeFields);
        var reader = new TlvReader(source);
        while (reader.TryNext(out var type, out var value))
        {
            if (type == (ushort)TlvType.InitiatorFingerprint)
            {
                reader.Take(value.Length == Fingerprint.Size ? WireFailure.None : WireFailure.LengthMismatch);
                initiator = reader.Failure == WireFailure.None ? new Fingerprint(value) : default;
            }
            else
            {
                common.Take(ref reader, type, value);
            }
        }

        var complete = !initiator.IsEmpty && common.IsComplete;
        failure = reader.Failure != WireFailure.None || complete ? reader.Failure : WireFailure.FieldMissing;
        payload = failure == WireFailure.None
            ? new Handshake1Payload(initiator, common.Receiver, common.Versions.GetValueOrDefault(), common.Suites.GetValueOrDefault())
            : default;
        return failure == WireFailure.None;
    }
}

using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>The fields both handshake payloads have, while they are being read.</summary>
internal struct HandshakeFields
{
    internal ReceiverIndex Receiver { get; private set; }

    internal VersionRange? Versions { get; private set; }

    internal SuiteSet? Suites { get; private set; }

    internal readonly bool IsComplete => !Receiver.IsNone && Versions is not null && Suites is not null;

    /// <summary>Reads one field, or has the reader judge it as unknown.</summary>
    internal void Take(ref TlvReader reader, ushort type, ReadOnlySpan<byte> value)
    {
        switch ((TlvType)type)
        {
            case TlvType.ReceiverIndex:
                reader.Take(TakeReceiver(value));
                break;
            case TlvType.VersionRange:
                Versions = VersionRange.TryRead(value, out var versions, out var failure) ? versions : null;
                reader.Take(failure);
                break;
            case TlvType.Suites:
                Suites = SuiteSet.TryRead(value, out var suites, out failure) ? suites : null;
                reader.Take(failure);
                break;
            default:
                reader.Skip(type);
                break;
        }
    }

    private WireFailure TakeReceiver(ReadOnlySpan<byte> value)
    {
        if (value.Length != ReceiverIndex.Size)
        {
            return WireFailure.LengthMismatch;
        }

        Receiver = new ReceiverIndex(BinaryPrimitives.ReadUInt64BigEndian(value));
        return Receiver.IsNone ? WireFailure.FieldInvalid : WireFailure.None;
    }
}

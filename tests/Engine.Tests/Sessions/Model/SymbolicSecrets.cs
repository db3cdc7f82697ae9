using System.Buffers.Binary;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>The one place that knows how epoch secrets and envelope headers are laid out in bytes.</summary>
/// <remarks>A symbolic key is 16 bytes, repeated over the whole block, so that erasing a root leaves it readable.</remarks>
internal static class SymbolicSecrets
{
    internal const int HeaderSize = 44;

    private const int BlockSize = 256;
    private const int KeySize = 16;

    internal static EpochSecrets Of(UInt128 key)
    {
        var block = new byte[BlockSize];
        for (var offset = 0; offset < BlockSize; offset += KeySize)
        {
            BinaryPrimitives.WriteUInt128BigEndian(block.AsSpan(offset), key);
        }

        return EpochSecrets.Restore(block);
    }

    internal static UInt128 KeyOf(EpochSecrets secrets) =>
        BinaryPrimitives.ReadUInt128BigEndian(secrets.Reveal()[^KeySize..]);

    /// <summary>Puts a well-formed header in front of the body of a handshake message.</summary>
    internal static byte[] Envelope(EnvelopeType type, ReceiverIndex receiver, Epoch epoch, ReadOnlySpan<byte> body)
    {
        var bytes = new byte[HeaderSize + body.Length];
        bytes[0] = 1;
        bytes[1] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)Suite.MLKem768P256);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(4), receiver.Value);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(12), epoch.Value);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(40), (uint)body.Length);
        body.CopyTo(bytes.AsSpan(HeaderSize));
        return bytes;
    }

    internal static EnvelopeType TypeOf(ReadOnlySpan<byte> envelope) => (EnvelopeType)envelope[1];

    internal static ReceiverIndex ReceiverOf(ReadOnlySpan<byte> envelope) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(envelope[4..]));
}

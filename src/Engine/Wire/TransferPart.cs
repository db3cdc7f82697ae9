using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>The payload of a message that is part of a larger one (docs/formats/streams.md): what stands before a chunk's bytes.</summary>
/// <param name="Transfer">The attempt it belongs to.</param>
/// <param name="Index">The chunk's place, from 0.</param>
internal readonly record struct TransferChunk(TransferId Transfer, ulong Index)
{
    /// <summary>The size in bytes; at least one byte of the chunk follows.</summary>
    internal const int HeadSize = TransferId.Size + 8;

    internal void Write(Span<byte> destination)
    {
        Transfer.Write(destination);
        BinaryPrimitives.WriteUInt64BigEndian(destination[TransferId.Size..], Index);
    }

    internal static bool TryRead(ReadOnlySpan<byte> payload, out TransferChunk chunk)
    {
        chunk = default;
        if (payload.Length <= HeadSize)
        {
            return false;
        }

        chunk = new TransferChunk(TransferId.Read(payload), BinaryPrimitives.ReadUInt64BigEndian(payload[TransferId.Size..]));
        return true;
    }
}

/// <summary>The end mark of a payload sent in parts: how long the whole is, and its SHA-512.</summary>
internal readonly ref struct TransferEnd(TransferId transfer, ulong length, ReadOnlySpan<byte> hash)
{
    internal const int HashSize = 64;

    /// <summary>The size in bytes.</summary>
    internal const int Size = TransferId.Size + 8 + HashSize;

    internal TransferId Transfer { get; } = transfer;

    internal ulong Length { get; } = length;

    internal ReadOnlySpan<byte> Hash { get; } = hash;

    internal void Write(Span<byte> destination)
    {
        Transfer.Write(destination);
        BinaryPrimitives.WriteUInt64BigEndian(destination[TransferId.Size..], Length);
        Hash.CopyTo(destination[(TransferId.Size + 8)..]);
    }

    internal static bool TryRead(ReadOnlySpan<byte> payload, out TransferEnd end)
    {
        end = default;
        if (payload.Length != Size)
        {
            return false;
        }

        end = new TransferEnd(
            TransferId.Read(payload), BinaryPrimitives.ReadUInt64BigEndian(payload[TransferId.Size..]), payload[(TransferId.Size + 8)..]);
        return true;
    }
}

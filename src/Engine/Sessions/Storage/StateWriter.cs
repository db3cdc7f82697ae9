using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kyberium.Engine.Sessions.Storage;

/// <summary>Writes state and events to bytes: big-endian integers, 32-bit lengths. Holds secrets; clearing zeroes them.</summary>
internal sealed class StateWriter : IBufferWriter<byte>
{
    private byte[] _buffer = new byte[512];

    internal int Length { get; private set; }

    internal ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    internal void Clear()
    {
        CryptographicOperations.ZeroMemory(_buffer.AsSpan(0, Length));
        Length = 0;
    }

    internal void Byte(byte value) => Take(1)[0] = value;

    internal void Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    internal void UInt16(int value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), checked((ushort)value));

    internal void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    internal void UInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Take(8), value);

    internal void Int64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

    internal void UInt128(UInt128 value) => BinaryPrimitives.WriteUInt128BigEndian(Take(16), value);

    /// <summary>Writes bytes whose length the reader knows.</summary>
    internal void Fixed(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    internal void Bytes(ReadOnlySpan<byte> value)
    {
        UInt32((uint)value.Length);
        Fixed(value);
    }

    internal void Text(string value)
    {
        var length = System.Text.Encoding.UTF8.GetByteCount(value);
        UInt16(length);
        System.Text.Encoding.UTF8.GetBytes(value, Take(length));
    }

    /// <summary>Reserves four bytes for a length that is known later.</summary>
    internal int BeginLength()
    {
        Take(4);
        return Length;
    }

    internal void EndLength(int start) => SetUInt32(start - 4, (uint)(Length - start));

    /// <summary>Writes over four bytes that were written before.</summary>
    internal void SetUInt32(int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(offset, 4), value);

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _buffer.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    internal Span<byte> Take(int count)
    {
        Reserve(count);
        var taken = _buffer.AsSpan(Length, count);
        Length += count;
        return taken;
    }

    private void Reserve(int count)
    {
        if (_buffer.Length - Length >= count)
        {
            return;
        }

        var grown = new byte[Math.Max(checked(Length + count), _buffer.Length * 2)];
        Written.CopyTo(grown);
        CryptographicOperations.ZeroMemory(_buffer);
        _buffer = grown;
    }
}

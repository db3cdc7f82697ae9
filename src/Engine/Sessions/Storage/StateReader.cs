using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Kyberium.Engine.Sessions.Storage;

/// <summary>Reads what <see cref="StateWriter"/> wrote. The bytes were authenticated before; what does not fit is a defect
/// or another version's and is reported as <see cref="StateFormatException"/>.</summary>
internal ref struct StateReader(ReadOnlyMemory<byte> source)
{
    private readonly ReadOnlyMemory<byte> _source = source;
    private int _offset;

    internal readonly bool IsAtEnd => _offset == _source.Length;

    internal byte Byte() => Take(1).Span[0];

    internal bool Flag() => Byte() switch
    {
        0 => false,
        1 => true,
        var other => throw new StateFormatException($"a flag is {other}"),
    };

    internal int UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2).Span);

    internal uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4).Span);

    internal ulong UInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8).Span);

    internal long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(8).Span);

    internal UInt128 UInt128() => BinaryPrimitives.ReadUInt128BigEndian(Take(16).Span);

    /// <summary>Reads a slice of the source: it lives as long as that does.</summary>
    internal ReadOnlyMemory<byte> Fixed(int length) => Take(length);

    internal ReadOnlyMemory<byte> Bytes()
    {
        var length = UInt32();
        return length <= (uint)(_source.Length - _offset)
            ? Take((int)length)
            : throw new StateFormatException($"a length of {length} exceeds what is left");
    }

    /// <summary>Reads what is left.</summary>
    internal ReadOnlyMemory<byte> Rest() => Take(_source.Length - _offset);

    internal string Text()
    {
        var bytes = Take(UInt16()).Span;
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw new StateFormatException("a text is not UTF-8");
    }

    /// <summary>Reads a number that stands for one of a few things.</summary>
    internal static T OneOf<T>(int number) where T : struct, Enum
    {
        var value = (T)Enum.ToObject(typeof(T), number);
        return Enum.IsDefined(value) ? value : throw new StateFormatException($"{number} is no {typeof(T).Name}");
    }

    internal int Count(int max)
    {
        var count = UInt32();
        return count <= (uint)max ? (int)count : throw new StateFormatException($"a count of {count} exceeds {max}");
    }

    internal readonly void End()
    {
        if (!IsAtEnd)
        {
            throw new StateFormatException($"{_source.Length - _offset} bytes are left over");
        }
    }

    private ReadOnlyMemory<byte> Take(int length)
    {
        if (length > _source.Length - _offset)
        {
            throw new StateFormatException($"{length} bytes are wanted, {_source.Length - _offset} are left");
        }

        var taken = _source.Slice(_offset, length);
        _offset += length;
        return taken;
    }
}

/// <summary>Stored state has another shape than this version writes.</summary>
internal sealed class StateFormatException(string message) : Exception(message);

using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>Writes <c>type16 ‖ length16 ‖ value</c> fields; the caller writes them in ascending order of type.</summary>
internal ref struct TlvWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    /// <summary>Gets how many bytes were written.</summary>
    internal int Written { get; private set; }

    /// <summary>Writes a field's head and gives the place for its value.</summary>
    internal Span<byte> Field(TlvType type, int length)
    {
        var field = _destination.Slice(Written, TlvReader.FieldOverhead + length);
        BinaryPrimitives.WriteUInt16BigEndian(field, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(field[2..], checked((ushort)length));
        Written += field.Length;
        return field[TlvReader.FieldOverhead..];
    }
}

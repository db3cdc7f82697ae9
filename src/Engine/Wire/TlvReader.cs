using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>Walks <c>type16 ‖ length16 ‖ value</c> fields. The low 15 bits of the types must ascend strictly.</summary>
/// <remarks>Never throws and never reads past what was given; after a failure it gives no more fields.</remarks>
internal ref struct TlvReader(ReadOnlySpan<byte> source)
{
    /// <summary>The longest payload read.</summary>
    internal const int PayloadLengthMax = 4_096;

    /// <summary>What a field adds to its value.</summary>
    internal const int FieldOverhead = 4;

    private const ushort CriticalBit = 0x8000;

    private ReadOnlySpan<byte> _rest = source;
    private int _previousNumber = -1;

    /// <summary>Gets why reading stopped early.</summary>
    internal WireFailure Failure { get; private set; } =
        source.Length > PayloadLengthMax ? WireFailure.Oversized : WireFailure.None;

    /// <summary>Gives the next field; false at the end and after a failure.</summary>
    internal bool TryNext(out ushort type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (Failure != WireFailure.None || _rest.IsEmpty)
        {
            return false;
        }

        Failure = CheckNext();
        if (Failure != WireFailure.None)
        {
            return false;
        }

        type = BinaryPrimitives.ReadUInt16BigEndian(_rest);
        var end = FieldOverhead + BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        value = _rest[FieldOverhead..end];
        _previousNumber = NumberOf(type);
        _rest = _rest[end..];
        return true;
    }

    /// <summary>Judges a field the caller does not know: refused when critical, skipped otherwise.</summary>
    internal void Skip(ushort type)
    {
        if ((type & CriticalBit) != 0)
        {
            Failure = WireFailure.CriticalUnknown;
        }
    }

    /// <summary>Records what reading a field's value gave.</summary>
    internal void Take(WireFailure failure) => Failure = failure;

    private readonly WireFailure CheckNext()
    {
        if (_rest.Length < FieldOverhead
            || _rest.Length - FieldOverhead < BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]))
        {
            return WireFailure.Truncated;
        }

        return NumberOf(BinaryPrimitives.ReadUInt16BigEndian(_rest)).CompareTo(_previousNumber) switch
        {
            0 => WireFailure.FieldRepeated,
            < 0 => WireFailure.FieldOrder,
            _ => WireFailure.None,
        };
    }

    private static int NumberOf(ushort type) => type & ~CriticalBit;
}

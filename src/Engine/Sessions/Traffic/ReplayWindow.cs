using System.Buffers.Binary;
using System.Numerics;

namespace Kyberium.Engine.Sessions.Traffic;

/// <summary>Which of the latest sequences of one incarnation were opened: at least 2,048 back, constant time, RFC 6479.</summary>
/// <remarks>
/// <para>Two forms. Compact: 64 bits for the latest 64, right as long as all before them were opened or refused for
/// good; it needs no block. Full: a ring of 33 words, of which 32 always lie wholly within the window. The compact form
/// turns full when a gap would leave its 64 bits, and full turns compact again in <see cref="Compact"/> when no gap is left.</para>
/// <para>A struct inside its owner; not thread-safe.</para>
/// </remarks>
internal struct ReplayWindow
{
    /// <summary>How far back a sequence may lie and still be told from a replay.</summary>
    internal const ulong Reach = 2_048;

    /// <summary>The most <see cref="Write"/> writes.</summary>
    internal const int EncodedSizeMax = 17 + (WordCount * sizeof(ulong));

    private const int WordBits = 64;
    private const int WordCount = ((int)Reach / WordBits) + 1;
    private const byte CompactForm = 0;
    private const byte FullForm = 1;

    private ulong _end;          // one above the highest opened; 0 when none was
    private ulong _floor;        // sequences below are refused
    private ulong _recent;       // compact form: bit i stands for sequence _end − 1 − i
    private ulong[]? _ring;      // full form

    /// <summary>Starts a window that refuses everything below <paramref name="floor"/>.</summary>
    internal ReplayWindow(ulong floor) => _floor = _end = floor;

    /// <summary>Gets one above the highest sequence opened or refused from the start.</summary>
    internal readonly ulong End => _end;

    internal readonly ulong Floor => _floor;

    internal readonly bool IsFull => _ring is not null;

    /// <summary>Says whether a sequence was not opened yet and still lies in reach.</summary>
    internal readonly bool IsFresh(ulong sequence)
    {
        if (sequence < _floor)
        {
            return false;
        }

        if (sequence >= _end)
        {
            return true;
        }

        var back = _end - 1 - sequence;
        return _ring is null
            ? back < WordBits && (_recent >> (int)back & 1) == 0
            : back < Reach && (_ring[WordOf(sequence)] & BitOf(sequence)) == 0;
    }

    /// <summary>Marks a fresh sequence as opened. Only after its tag verified.</summary>
    internal void Mark(ulong sequence)
    {
        if (_ring is null && !TryMarkCompact(sequence))
        {
            Expand();
        }

        if (_ring is not null)
        {
            MarkFull(sequence);
        }
    }

    /// <summary>Gives the block back if no gap is left that the compact form could not hold.</summary>
    internal void Compact()
    {
        if (_ring is null)
        {
            return;
        }

        var recent = 0UL;
        for (var back = 0UL; back < Reach && back < _end; back++)    // what lies below the floor is not fresh
        {
            var fresh = IsFresh(_end - 1 - back);
            if (fresh && back >= WordBits)
            {
                return;
            }

            recent |= back < WordBits && !fresh ? 1UL << (int)back : 0;
        }

        _recent = recent | BelowFloor();
        _ring = null;
    }

    /// <summary>Writes the exact window: <c>form8 ‖ end64 ‖ floor64 ‖ (recent64 | 33 words)</c>.</summary>
    internal readonly int Write(Span<byte> destination)
    {
        destination[0] = _ring is null ? CompactForm : FullForm;
        BinaryPrimitives.WriteUInt64BigEndian(destination[1..], _end);
        BinaryPrimitives.WriteUInt64BigEndian(destination[9..], _floor);
        ReadOnlySpan<ulong> words = _ring is null ? new ReadOnlySpan<ulong>(in _recent) : _ring;
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination[(17 + (i * sizeof(ulong)))..], words[i]);
        }

        return 17 + (words.Length * sizeof(ulong));
    }

    /// <summary>Reads what <see cref="Write"/> wrote; false when the bytes are not a window.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out ReplayWindow window, out int read)
    {
        window = default;
        read = 0;
        if (source.IsEmpty || source[0] > FullForm)
        {
            return false;
        }

        var wordCount = source[0] == FullForm ? WordCount : 1;
        if (source.Length < 17 + (wordCount * sizeof(ulong)))
        {
            return false;
        }

        window._end = BinaryPrimitives.ReadUInt64BigEndian(source[1..]);
        window._floor = BinaryPrimitives.ReadUInt64BigEndian(source[9..]);
        read = 17 + (wordCount * sizeof(ulong));
        var words = new ulong[wordCount];
        for (var i = 0; i < wordCount; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt64BigEndian(source[(17 + (i * sizeof(ulong)))..]);
        }

        window._ring = wordCount == 1 ? null : words;
        window._recent = wordCount == 1 ? words[0] : 0;
        return window._floor <= window._end && window._end <= TrafficLimits.SequenceEnd;
    }

    private bool TryMarkCompact(ulong sequence)
    {
        if (sequence < _end)
        {
            _recent |= 1UL << (int)(_end - 1 - sequence);
            return true;
        }

        var shift = sequence + 1 - _end;
        if (shift > (ulong)LeadingOpened())
        {
            return false;
        }

        _recent = shift >= WordBits ? 1 : (_recent << (int)shift) | 1;
        _end = sequence + 1;
        return true;
    }

    // How many of the oldest of the 64 places may be dropped: those opened, refused, or before the first sequence.
    private readonly int LeadingOpened() => BitOperations.LeadingZeroCount(~(_recent | BelowFloor()));

    private readonly ulong BelowFloor()
    {
        var known = _end - _floor;
        return known >= WordBits ? 0 : ulong.MaxValue << (int)known;
    }

    private void Expand()
    {
        var ring = new ulong[WordCount];
        Array.Fill(ring, ulong.MaxValue);    // what the compact form no longer shows was opened or refused
        for (var back = 0UL; back < WordBits && back < _end - _floor; back++)
        {
            var sequence = _end - 1 - back;
            ring[WordOf(sequence)] &= (_recent >> (int)back & 1) == 0 ? ~BitOf(sequence) : ulong.MaxValue;
        }

        // Places above the end, in the word the end lies in, are not opened yet.
        if (_end % WordBits != 0)
        {
            ring[WordOf(_end)] &= BitOf(_end) - 1;
        }

        _ring = ring;
        _recent = 0;
    }

    private void MarkFull(ulong sequence)
    {
        if (sequence >= _end)
        {
            var firstNewWord = (_end + WordBits - 1) / WordBits;
            var lastWord = sequence / WordBits;
            var from = lastWord >= WordCount && lastWord - WordCount >= firstNewWord ? lastWord - WordCount + 1 : firstNewWord;
            for (var word = from; word <= lastWord; word++)
            {
                _ring![word % WordCount] = 0;
            }

            _end = sequence + 1;
        }

        _ring![WordOf(sequence)] |= BitOf(sequence);
    }

    private static int WordOf(ulong sequence) => (int)(sequence / WordBits % WordCount);

    private static ulong BitOf(ulong sequence) => 1UL << (int)(sequence % WordBits);
}

using System.Buffers.Binary;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Traffic;

/// <summary>An incarnation's exact window as bytes, for a clean passivation or hand-over; sealed with the peer's state.</summary>
/// <remarks>
/// <c>incarnation16 ‖ reservedEnd64 ‖ window</c>. Whoever exports it opens nothing more under it: otherwise the importer
/// would open it again.
/// </remarks>
internal static class WindowSnapshot
{
    /// <summary>The most one incarnation takes.</summary>
    internal const int SizeMax = Incarnation.Size + sizeof(ulong) + ReplayWindow.EncodedSizeMax;

    /// <summary>Writes one incarnation and returns the size; 49 bytes when no gap is left, 305 otherwise.</summary>
    internal static int Write(ReceivingIncarnation entry, Span<byte> destination)
    {
        entry.Window.Compact();
        entry.Id.Write(destination);
        BinaryPrimitives.WriteUInt64BigEndian(destination[Incarnation.Size..], entry.ReservedEnd);
        var head = Incarnation.Size + sizeof(ulong);
        return head + entry.Window.Write(destination[head..]);
    }

    /// <summary>Reads one incarnation; null when the bytes are not one.</summary>
    internal static ReceivingIncarnation? TryRead(ReadOnlySpan<byte> source, out int read)
    {
        read = 0;
        const int head = Incarnation.Size + sizeof(ulong);
        if (source.Length < head || !ReplayWindow.TryRead(source[head..], out var window, out var windowSize))
        {
            return null;
        }

        var reservedEnd = BinaryPrimitives.ReadUInt64BigEndian(source[Incarnation.Size..]);
        if (reservedEnd > TrafficLimits.SequenceEnd || window.End > reservedEnd)
        {
            return null;
        }

        read = head + windowSize;
        var entry = new ReceivingIncarnation(Incarnation.Read(source), floor: 0) { ReservedEnd = reservedEnd };
        entry.Window = window;
        return entry;
    }
}

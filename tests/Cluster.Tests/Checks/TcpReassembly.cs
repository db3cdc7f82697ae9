using System.Buffers.Binary;

namespace Kyberium.Cluster.Tests.Checks;

/// <summary>Puts TCP streams together from captured packets, in whatever order and however often those were sent.</summary>
internal sealed class TcpReassembly(int port, EnvelopeFound found)
{
    private const byte Tcp = 6;
    private const int Beginning = 0x02;

    private readonly Dictionary<(ulong Addresses, uint Ports), Direction> _directions = [];

    /// <summary>Takes the next packet. Those of other protocols and ports are left.</summary>
    internal void See(ReadOnlyMemory<byte> packet)
    {
        var bytes = packet.Span;
        if (bytes[9] != Tcp || BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]) is var total && total > bytes.Length)
        {
            return;
        }

        var segment = bytes[((bytes[0] & 0xf) * 4)..total];
        if (BinaryPrimitives.ReadUInt16BigEndian(segment) != port && BinaryPrimitives.ReadUInt16BigEndian(segment[2..]) != port)
        {
            return;
        }

        var key = (BinaryPrimitives.ReadUInt64BigEndian(bytes[12..]), BinaryPrimitives.ReadUInt32BigEndian(segment));
        var sequence = BinaryPrimitives.ReadUInt32BigEndian(segment[4..]);
        if ((segment[13] & Beginning) != 0)
        {
            if (!_directions.TryGetValue(key, out var known) || known.First != sequence + 1)     // or the same said again
            {
                _directions[key] = new Direction(sequence + 1, new Http2Bodies(found));
            }
        }
        else if (_directions.TryGetValue(key, out var direction))
        {
            direction.Take(sequence, segment[((segment[12] >> 4) * 4)..]);
        }
    }

    /// <summary>What one side of a connection says.</summary>
    private sealed class Direction(uint first, Http2Bodies bodies)
    {
        private readonly Dictionary<uint, byte[]> _early = [];
        private uint _next = first;

        internal uint First { get; } = first;

        internal void Take(uint sequence, ReadOnlySpan<byte> bytes)
        {
            if (bytes.IsEmpty)
            {
                return;
            }

            if (unchecked((int)(sequence - _next)) > 0)
            {
                if (!_early.TryGetValue(sequence, out var known) || known.Length < bytes.Length)
                {
                    _early[sequence] = bytes.ToArray();
                }

                return;
            }

            Add(sequence, bytes);
            while (_early.Keys.Where(start => unchecked((int)(start - _next)) <= 0).ToArray() is { Length: > 0 } due)
            {
                foreach (var start in due.OrderBy(start => unchecked((int)(start - _next))))
                {
                    _early.Remove(start, out var later);
                    Add(start, later);
                }
            }
        }

        private void Add(uint sequence, ReadOnlySpan<byte> bytes)
        {
            var known = unchecked((int)(_next - sequence));
            if (known < bytes.Length)
            {
                bodies.Add(bytes[known..]);
                _next = unchecked(sequence + (uint)bytes.Length);
            }
        }
    }
}

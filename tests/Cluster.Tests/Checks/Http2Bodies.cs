using System.Buffers.Binary;

namespace Kyberium.Cluster.Tests.Checks;

/// <summary>Takes an envelope that was found.</summary>
internal delegate void EnvelopeFound(ReadOnlySpan<byte> envelope);

/// <summary>Finds the envelopes in what one side of an HTTP/2 connection says: in the bodies of its streams, each behind its length (docs/formats/link-http.md).</summary>
internal sealed class Http2Bodies(EnvelopeFound found)
{
    private const int FrameHeadSize = 9;
    private const byte Data = 0;
    private const byte Reset = 3;
    private const int Ended = 0x1;
    private const int Padded = 0x8;
    private const int EnvelopeBytesMin = 44;
    private const int EnvelopeBytesMax = 1_114_156;

    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private readonly Dictionary<int, Pending> _bodies = [];
    private readonly Pending _said = new();
    private bool _hasBegun;

    internal void Add(ReadOnlySpan<byte> bytes)
    {
        _said.Add(bytes);
        if (!_hasBegun)
        {
            if (_said.Bytes.Length < Preface.Length)
            {
                return;
            }

            _hasBegun = true;
            _said.Drop(_said.Bytes.StartsWith(Preface) ? Preface.Length : 0);       // a server says none
        }

        while (_said.Bytes is { Length: >= FrameHeadSize } said && FrameHeadSize + (said[0] << 16 | said[1] << 8 | said[2]) is var length && said.Length >= length)
        {
            Take(said[3], said[4], BinaryPrimitives.ReadInt32BigEndian(said[5..]), said[FrameHeadSize..length]);
            _said.Drop(length);
        }
    }

    private void Take(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        if (type == Data)
        {
            if (!_bodies.TryGetValue(stream, out var body))
            {
                _bodies[stream] = body = new Pending();
            }

            body.Add((flags & Padded) == 0 ? payload : payload[1..^payload[0]]);
            while (body.Bytes is { Length: >= sizeof(int) } bytes && BinaryPrimitives.ReadInt32BigEndian(bytes) is >= EnvelopeBytesMin and <= EnvelopeBytesMax and var length
                && bytes.Length >= sizeof(int) + length)
            {
                found(bytes.Slice(sizeof(int), length));
                body.Drop(sizeof(int) + length);
            }
        }

        if (type == Reset || (type == Data && (flags & Ended) != 0))
        {
            _bodies.Remove(stream);
        }
    }

    /// <summary>Bytes that have come and were not taken yet.</summary>
    private sealed class Pending
    {
        private byte[] _bytes = [];
        private int _start;
        private int _end;

        internal ReadOnlySpan<byte> Bytes => _bytes.AsSpan(_start, _end - _start);

        internal void Add(ReadOnlySpan<byte> bytes)
        {
            if (_bytes.Length - _end < bytes.Length)
            {
                var kept = Bytes;
                var larger = new byte[Math.Max(4_096, 2 * (kept.Length + bytes.Length))];
                kept.CopyTo(larger);
                (_bytes, _start, _end) = (larger, 0, kept.Length);
            }

            bytes.CopyTo(_bytes.AsSpan(_end));
            _end += bytes.Length;
        }

        internal void Drop(int count) => _start += count;
    }
}

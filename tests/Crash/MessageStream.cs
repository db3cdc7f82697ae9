using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kyberium.Crash;

/// <summary>One direction of the traffic: messages without end whose bytes follow from their number, and what came out of them.</summary>
internal sealed class MessageStream(string from, string to, int seed)
{
    private readonly HashSet<int> _open = [];
    private Guid _stream;

    internal string From => from;

    internal int HandedOver { get; private set; }

    internal int Received { get; private set; }

    internal int Duplicates { get; private set; }

    internal int HandedOverAgain { get; private set; }

    internal List<string> Problems { get; } = [];

    /// <summary>Gives what may be sent now. No more is left unanswered than an engine remembers: a repeat must be known as one.</summary>
    internal IEnumerable<NodeRequest> Next(int window)
    {
        while (HandedOver < Received + window && _open.Count < window)
        {
            _open.Add(HandedOver);
            yield return Request(HandedOver++);
        }
    }

    /// <summary>Gives again what a killed sender did not confirm, in order.</summary>
    internal IReadOnlyList<NodeRequest> Again()
    {
        HandedOverAgain += _open.Count;
        return [.. _open.Order().Select(Request)];
    }

    internal void Sent(int index) => _open.Remove(index);

    internal void Came(NodeEvent message)
    {
        _stream = _stream == Guid.Empty ? message.Stream : _stream;
        var index = (long)message.Number - 1;
        if (message.Stream != _stream || index < 0 || index > Received || index >= HandedOver)
        {
            Problems.Add($"{to} got number {message.Number} of {message.Stream} after {Received} of {_stream}");
        }
        else if (!Payload((int)index).AsSpan().SequenceEqual(message.Payload))
        {
            Problems.Add(
                $"{to} got other bytes than {from} sent as number {message.Number}: {message.Payload?.Length} bytes that begin as those of number "
                + $"{(message.Payload is { Length: >= 4 } bytes ? BinaryPrimitives.ReadInt32BigEndian(bytes) + 1 : 0)}; {Received} were received, {HandedOver} handed over");
        }
        else if (index < Received)
        {
            Duplicates++;
        }
        else
        {
            Received++;
        }
    }

    private NodeRequest Request(int index) => new("send", index, Payload(index));

    /// <summary>4 to 4,003 bytes that no other message has.</summary>
    private byte[] Payload(int index)
    {
        Span<byte> input = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(input, seed);
        BinaryPrimitives.WriteInt32BigEndian(input[4..], index);
        var hash = SHA256.HashData(input);
        var payload = new byte[4 + (BinaryPrimitives.ReadUInt16BigEndian(hash) % 4_000)];
        for (var at = 0; at < payload.Length; at++)
        {
            payload[at] = (byte)(hash[at % hash.Length] ^ (at >> 5));
        }

        BinaryPrimitives.WriteInt32BigEndian(payload, index);
        return payload;
    }
}

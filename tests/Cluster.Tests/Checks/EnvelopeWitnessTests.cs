using System.Buffers.Binary;

namespace Kyberium.Cluster.Tests.Checks;

/// <summary>Goal: envelopes are found in packets whatever order those have and however often they are sent, and one nonce for two of them is seen.</summary>
public sealed class EnvelopeWitnessTests
{
    private const int Port = 7441;
    private const uint FirstByte = uint.MaxValue - 40;      // the count of bytes goes past its end

    private readonly EnvelopeWitness _witness = new(Port);
    private ushort _clientPort = 50_000;

    [Fact]
    public void Envelopes_are_found_in_packets_that_come_late_twice_and_in_other_pieces()
    {
        var said = Said([Envelope(1, 0), Envelope(1, 1)], [Envelope(2, 0)]);
        See(said, (20, 30), (0, 10), (0, 10), (15, 20), (50, said.Length - 50), (5, 45));
        Assert.Equal((3, 2), _witness.Counts);
        Assert.Empty(_witness.FindViolations());
    }

    [Fact]
    public void The_same_envelope_may_come_again_but_no_other_under_its_receiver_epoch_incarnation_and_sequence()
    {
        var said = Said([Envelope(1, 0), Envelope(1, 0), Envelope(1, 1)]);
        See(said, (0, said.Length));
        Assert.Equal((2, 1), _witness.Counts);
        Assert.Empty(_witness.FindViolations());

        said = Said([Envelope(1, 1, body: 9)]);
        See(said, (0, said.Length));
        Assert.Contains("Sequence = 1 }", Assert.Single(_witness.FindViolations()), StringComparison.Ordinal);
    }

    [Fact]
    public void Handshakes_have_no_sequence_and_other_ports_are_others()
    {
        var said = Said([Envelope(1, 0, type: 16), Envelope(1, 0, body: 9, type: 16)]);
        See(said, (0, said.Length));
        said = Said([Envelope(1, 0)]);
        See(said, 80, (0, said.Length));
        Assert.Equal((0, 0), _witness.Counts);
        Assert.Empty(_witness.FindViolations());
    }

    private static byte[] Envelope(byte incarnation, byte sequence, byte body = 1, byte type = 1)
    {
        var envelope = new byte[44 + 16];
        (envelope[0], envelope[1]) = (1, type);
        (envelope[31], envelope[39]) = (incarnation, sequence);
        envelope.AsSpan(44).Fill(body);
        return envelope;
    }

    /// <summary>What a client says: a stream for each request.</summary>
    private static byte[] Said(params byte[][][] requests)
    {
        List<byte> said = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];
        for (byte stream = 0; stream < requests.Length; stream++)
        {
            byte[] body = [.. requests[stream].SelectMany(static envelope => new byte[] { 0, 0, 0, (byte)envelope.Length }.Concat(envelope))];
            said.AddRange([0, 0, 7, 0, 0, 0, 0, 0, (byte)(1 + stream * 2), .. body[..7]]);                                     // in two frames
            said.AddRange([0, 0, (byte)(body.Length - 7), 0, 1, 0, 0, 0, (byte)(1 + stream * 2), .. body[7..]]);
        }

        return [.. said];
    }

    private void See(byte[] said, params (int Start, int Length)[] pieces) => See(said, Port, pieces);

    private void See(byte[] said, ushort port, params (int Start, int Length)[] pieces)
    {
        _clientPort++;      // each time another connection
        _witness.See(Packet(port, FirstByte - 1, 0x02, []));
        foreach (var (start, length) in pieces)
        {
            _witness.See(Packet(port, unchecked(FirstByte + (uint)start), 0x10, said.AsSpan(start, length)));
        }
    }

    private byte[] Packet(ushort port, uint sequence, byte flags, ReadOnlySpan<byte> said)
    {
        var packet = new byte[20 + 20 + said.Length];
        (packet[0], packet[9]) = (0x45, 6);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), _clientPort);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), port);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(24), sequence);
        (packet[32], packet[33]) = (5 << 4, flags);
        said.CopyTo(packet.AsSpan(40));
        return packet;
    }
}

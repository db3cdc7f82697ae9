using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Kyberium.Cluster.Tests.Checks;

/// <summary>Reads the envelopes out of captured packets between peers, also those that never arrived, and says when what decides key and nonce was used
/// for different bytes: receiver index, epoch, incarnation and sequence (docs/formats/envelope.md).</summary>
internal sealed class EnvelopeWitness
{
    private const byte HandshakeFirst = 16;     // handshakes have no sequence

    private readonly ConcurrentDictionary<Nonce, UInt128> _sealed = new();
    private readonly ConcurrentQueue<string> _problems = new();
    private readonly TcpReassembly _streams;
    private int _incarnationCount;
    private readonly ConcurrentDictionary<UInt128, bool> _incarnations = new();

    /// <param name="port">Where all parties listen for their peers.</param>
    internal EnvelopeWitness(int port) => _streams = new TcpReassembly(port, Read);

    /// <summary>Gets how many different envelopes there were, under how many incarnations.</summary>
    internal (int Envelopes, int Incarnations) Counts => (_sealed.Count, Volatile.Read(ref _incarnationCount));

    /// <summary>Takes the next captured packet: IPv4 as it was sent. From one thread.</summary>
    internal void See(ReadOnlyMemory<byte> packet) => _streams.See(packet);

    /// <summary>Says what was sealed twice.</summary>
    internal IReadOnlyList<string> FindViolations() => [.. _problems];

    private void Read(ReadOnlySpan<byte> envelope)
    {
        if (envelope[1] >= HandshakeFirst)
        {
            return;
        }

        var incarnation = BinaryPrimitives.ReadUInt128BigEndian(envelope[16..]);
        var nonce = new Nonce(
            BinaryPrimitives.ReadUInt64BigEndian(envelope[4..]), BinaryPrimitives.ReadUInt32BigEndian(envelope[12..]), incarnation,
            BinaryPrimitives.ReadUInt64BigEndian(envelope[32..]));
        var digest = BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(envelope));
        if (_sealed.GetOrAdd(nonce, digest) != digest)
        {
            _problems.Enqueue($"two envelopes were sealed for {nonce}");
        }

        if (_incarnations.TryAdd(incarnation, true))
        {
            Interlocked.Increment(ref _incarnationCount);
        }
    }

    private sealed record Nonce(ulong Receiver, uint Epoch, UInt128 Incarnation, ulong Sequence);
}

using System.Security.Cryptography;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Wire;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Checkers;

/// <summary>Promises 1 and 5, seen from outside: no key and nonce serve two texts, on the wire or at rest, over all processes and
/// crashes; and nothing secret shows in the clear.</summary>
internal sealed class FrameChecker(SimulatedWorld world)
{
    private readonly Dictionary<UInt128, UInt128> _seen = [];

    /// <summary>Gets how many sealed texts were looked at.</summary>
    internal int Count => _seen.Count;

    internal static string Describe(ReadOnlySpan<byte> envelope) =>
        EnvelopeHeader.TryReadEnvelope(envelope, out var header, out _)
            ? $"{header.Type} e{header.Epoch.Value} #{header.Sequence} i{header.Incarnation.ToString()[..6]} ->{header.Receiver.Value:x}"
            : "something malformed";

    /// <summary>Gets what is looked for in frames, on disks and in texts.</summary>
    internal SecretScan Secrets { get; } = new(world);

    /// <summary>Sees what an engine drew: 64 bytes are the seed of a key, or a data key and a public tenure.</summary>
    internal void Drawn(ReadOnlySpan<byte> random)
    {
        if (random.Length == 64)
        {
            Secrets.Add(random[..32]);
        }
    }

    /// <summary>Looks at an envelope that an engine made.</summary>
    internal void Sent(string process, ReadOnlySpan<byte> envelope)
    {
        Secrets.LookThrough($"a frame of {process}", envelope);
        if (!EnvelopeHeader.TryReadEnvelope(envelope, out var header, out var failure))
        {
            world.Violate("engines send well-formed envelopes", $"{process}: {failure}");
            return;
        }

        if ((byte)header.Type >= (byte)EnvelopeType.Handshake1)
        {
            return;     // handshake messages have keys of their own, and identical message 1 gets identical message 2
        }

        // The key follows from receiver index (its session, epoch and direction), epoch and incarnation; the nonce from the sequence.
        OnceOnly("promise 1", process, envelope[4..40], envelope, () => $"a second text under one key and nonce: {header}");
    }

    /// <summary>Looks at bytes on their way to a disk: sealed frames lie in them as they are.</summary>
    internal void Written(string process, ReadOnlyMemory<byte> sealedFrame)
    {
        if (StoreFrame.Parse(sealedFrame, out var frame) == FrameFault.None)
        {
            byte[] key = [.. frame.StoreId, .. frame.Shard, .. frame.Tenure, .. BitConverter.GetBytes(frame.DataKeyNumber), .. BitConverter.GetBytes(frame.Counter)];
            OnceOnly("promise 1", process, key, sealedFrame.Span, () => "a second text at rest under one tenure and counter");
        }
    }

    private void OnceOnly(string promise, string process, ReadOnlySpan<byte> keyAndNonce, ReadOnlySpan<byte> text, Func<string> what)
    {
        var (key, digest) = (Digest(keyAndNonce), Digest(text));
        if (!_seen.TryAdd(key, digest) && _seen[key] != digest)
        {
            world.Violate(promise, $"{process}: {what()}");
        }
    }

    private static UInt128 Digest(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}

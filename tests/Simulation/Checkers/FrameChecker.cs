using System.Security.Cryptography;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Wire;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Checkers;

/// <summary>Promises 1 and 5, seen from outside: no key and nonce serve two texts, on the wire or at rest, over all processes and
/// crashes; and no planted payload or key shows in the clear.</summary>
internal sealed class FrameChecker(SimulatedWorld world)
{
    /// <summary>Every payload begins with these bytes.</summary>
    internal static ReadOnlySpan<byte> Planted => "PLANTED-PAYLOAD:"u8;

    private readonly Dictionary<UInt128, UInt128> _seen = [];
    private readonly List<byte[]> _secrets = [];

    /// <summary>Gets how many sealed texts were looked at.</summary>
    internal int Count => _seen.Count;

    internal static string Describe(ReadOnlySpan<byte> envelope) =>
        EnvelopeHeader.TryReadEnvelope(envelope, out var header, out _)
            ? $"{header.Type} e{header.Epoch.Value} #{header.Sequence} i{header.Incarnation.ToString()[..6]} ->{header.Receiver.Value:x}"
            : "something malformed";

    /// <summary>Gets or sets whether keys that engines draw are remembered: those of the first minutes, identities among them.</summary>
    internal bool IsCollecting { get; set; }

    /// <summary>Names bytes that must never appear where others can read.</summary>
    internal void Secret(ReadOnlySpan<byte> secret) => _secrets.Add(secret.ToArray());

    /// <summary>Sees what an engine drew: 64 bytes are the seed of a key, or a data key and a public tenure.</summary>
    internal void Drawn(ReadOnlySpan<byte> random)
    {
        if (IsCollecting && random.Length == 64)
        {
            Secret(random[..32]);
        }
    }

    /// <summary>Looks at an envelope that an engine made.</summary>
    internal void Sent(string process, ReadOnlySpan<byte> envelope)
    {
        if (envelope.IndexOf(Planted) >= 0)
        {
            world.Violate("promise 5", $"{process}: a payload lies in the clear in an envelope");
        }

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

    /// <summary>Looks through all that a disk holds.</summary>
    internal void LookThrough(string where, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IndexOf(Planted) >= 0)
        {
            world.Violate("promise 5", $"{where}: a payload lies in the clear");
        }

        foreach (var secret in _secrets)
        {
            if (bytes.IndexOf(secret) >= 0)
            {
                world.Violate("promise 5", $"{where}: a key lies in the clear");
            }
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

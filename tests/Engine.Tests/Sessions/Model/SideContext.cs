using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>What a test side answers when its machine asks about it.</summary>
internal sealed class SideContext(PeerLimits limits, params Fingerprint[] identities) : PeerContext
{
    internal override PeerLimits Limits { get; } = limits;

    /// <summary>Gets or sets the side's identities: tests rotate them.</summary>
    internal IReadOnlyList<Fingerprint> Identities { get; set; } = identities;

    internal override IReadOnlyList<Fingerprint> LocalIdentities => Identities;

    internal override Suite? ChooseSuite(Fingerprint local, Pin remote) =>
        Limits.Suites.Count > 0 ? Limits.Suites[0] : null;
}

/// <summary>Repeatable entropy: each draw is a function of the side and of a counter. Waits are never jittered.</summary>
internal sealed class CountedEntropy(ulong seed) : IEntropySource
{
    private const int JitterSize = 2;

    internal ulong Count { get; set; }

    internal ulong Seed { get; } = seed;

    public void Fill(Span<byte> destination)
    {
        if (destination.Length == JitterSize)
        {
            BitConverter.TryWriteBytes(destination, (ushort)0x8000);    // the middle of the spread
            return;
        }

        Count++;
        Span<byte> word = stackalloc byte[8];
        for (var offset = 0; offset < destination.Length; offset += 8)
        {
            BitConverter.TryWriteBytes(word, Mix((Seed << 56) ^ (Count << 8) ^ (ulong)offset));
            word[..Math.Min(8, destination.Length - offset)].CopyTo(destination[offset..]);
        }
    }

    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}

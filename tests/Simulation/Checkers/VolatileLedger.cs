using System.Security.Cryptography;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Checkers;

/// <summary>Promise 4: a volatile envelope shows its payload at most once, across processes and crashes, and only as it was sealed.</summary>
internal sealed class VolatileLedger(SimulatedWorld world)
{
    private const int HeaderSize = 44;

    private readonly Dictionary<string, (string From, string To, byte[] Payload)> _sealed = [];
    private readonly HashSet<string> _opened = [];

    internal int OpenedCount => _opened.Count;

    internal void Sealed(string from, string to, byte[] envelope, byte[] payload) =>
        _sealed[Name(envelope)] = (from, to, payload);

    internal void Opened(string by, string peer, byte[] envelope, ReadOnlySpan<byte> payload)
    {
        if (!_sealed.TryGetValue(Name(envelope), out var original))
        {
            world.Violate("promise 4", $"{by} opened an envelope that nobody sealed");
            return;
        }

        if (original.To != by || original.From != peer || !payload.SequenceEqual(original.Payload))
        {
            world.Violate("promise 4", $"{by} opened as {peer}'s what {original.From} had sealed for {original.To}");
        }

        if (!_opened.Add(Convert.ToHexString(envelope.AsSpan(0, HeaderSize))))
        {
            world.Violate("promise 4", $"{by} opened an envelope of {peer} twice: {FrameChecker.Describe(envelope)}");
        }
    }

    private static string Name(byte[] envelope) => Convert.ToHexString(SHA256.HashData(envelope));
}

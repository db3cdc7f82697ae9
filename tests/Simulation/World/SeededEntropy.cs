using Kyberium.Engine.Cryptography;

namespace Kyberium.Simulation.World;

/// <summary>The random bytes of one process of one node. Each process has its own, as a restarted one would.</summary>
internal sealed class SeededEntropy(SeededChoices choices, Action<ReadOnlySpan<byte>> drawn) : IEntropySource
{
    public void Fill(Span<byte> destination)
    {
        choices.Fill(destination);
        drawn(destination);
    }
}

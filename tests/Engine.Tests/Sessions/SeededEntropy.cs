using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>Reproducible bytes; a failing test prints the seed with its message.</summary>
internal sealed class SeededEntropy(int seed) : IEntropySource
{
    private readonly Random _random = new(seed);

    public void Fill(Span<byte> destination) => _random.NextBytes(destination);

    internal byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        Fill(bytes);
        return bytes;
    }
}

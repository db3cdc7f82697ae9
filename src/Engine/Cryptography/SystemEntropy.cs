using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography;

/// <summary>Randomness of the operating system.</summary>
internal sealed class SystemEntropy : IEntropySource
{
    internal static readonly SystemEntropy Instance = new();

    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}

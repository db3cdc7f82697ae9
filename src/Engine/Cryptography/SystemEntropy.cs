using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography;

/// <summary>Randomness of the operating system: the one place that asks it.</summary>
internal sealed class SystemEntropy : IEntropySource
{
    internal static readonly SystemEntropy Instance = new();

#pragma warning disable RS0030 // This is the source that IEntropySource stands for.
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
#pragma warning restore RS0030

    internal static byte[] Draw(int count)
    {
        var bytes = new byte[count];
        Instance.Fill(bytes);
        return bytes;
    }
}

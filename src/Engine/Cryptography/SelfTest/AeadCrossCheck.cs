using System.Buffers.Binary;

namespace Kyberium.Engine.Cryptography.SelfTest;

/// <summary>Compares AES-256-GCM providers with the platform's on random keys, lengths and bytes.</summary>
/// <remarks>Known answers are few and short; this goes through every way a length can take.</remarks>
internal static class AeadCrossCheck
{
    /// <summary>How many cases every start runs: some 1 ms for each provider.</summary>
    internal const int CountAtStart = 256;

    // Two groups of eight blocks, and part of a third.
    private const int LengthMax = 300;
    private const int ParametersSize = AeadKey.KeySize + AeadKey.NonceSize + sizeof(uint);

    /// <summary>Runs random cases.</summary>
    /// <exception cref="SelfTestFailedException">A provider gave something else than the platform's, or opened what was changed.</exception>
    internal static void Run(IReadOnlyList<AeadProvider> providers, IEntropySource entropy, int count)
    {
        var random = new byte[ParametersSize + (2 * LengthMax)];
        for (var i = 0; i < count && providers.Count > 0; i++)
        {
            entropy.Fill(random);
            var lengths = BinaryPrimitives.ReadUInt32LittleEndian(random);
            var sample = new Sample(
                random[4..(4 + AeadKey.KeySize)],
                random[(4 + AeadKey.KeySize)..ParametersSize],
                random[ParametersSize..(ParametersSize + (int)(lengths % (LengthMax + 1)))],
                random[^(int)(lengths / 65_536 % (LengthMax + 1))..]);
            Check(providers, sample);
        }
    }

    private static void Check(IReadOnlyList<AeadProvider> providers, Sample sample)
    {
        byte[] expected = new byte[sample.Plaintext.Length], expectedTag = new byte[AeadKey.TagSize];
        using (var platform = AeadProvider.Platform.CreateKey(sample.Key))
        {
            platform.Seal(sample.Nonce, sample.AssociatedData, sample.Plaintext, expected, expectedTag);
        }

        foreach (var provider in providers)
        {
            using var key = provider.CreateKey(sample.Key);
            if (!Agrees(key, sample, expected, expectedTag))
            {
                throw new SelfTestFailedException($"AES-256-GCM ({provider.Name})");
            }
        }
    }

    // Sealing and opening are done in place, as records are. A changed tag must leave zeros.
    private static bool Agrees(AeadKey key, Sample sample, byte[] expected, byte[] expectedTag)
    {
        byte[] text = [.. sample.Plaintext], tag = new byte[AeadKey.TagSize];
        key.Seal(sample.Nonce, sample.AssociatedData, text, text, tag);
        var isSealed = text.AsSpan().SequenceEqual(expected) && tag.AsSpan().SequenceEqual(expectedTag);
        var isOpened = key.TryOpen(sample.Nonce, sample.AssociatedData, text, expectedTag, text)
            && text.AsSpan().SequenceEqual(sample.Plaintext);
        tag[sample.Key[0] % AeadKey.TagSize] ^= 1;
        var isRefused = !key.TryOpen(sample.Nonce, sample.AssociatedData, expected.AsSpan(), tag, text)
            && text.AsSpan().IndexOfAnyExcept((byte)0) < 0;
        return isSealed && isOpened && isRefused;
    }

    private sealed record Sample(byte[] Key, byte[] Nonce, byte[] AssociatedData, byte[] Plaintext);
}

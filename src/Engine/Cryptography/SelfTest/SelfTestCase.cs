using Kyberium.Engine.Cryptography.Sha3;

namespace Kyberium.Engine.Cryptography.SelfTest;

/// <summary>One algorithm, how to compute with it, and what must come out.</summary>
internal sealed record SelfTestCase(string Algorithm, Func<byte[]> Compute, byte[] Answer)
{
    internal static SelfTestCase Sha3For256(string input, string answer) =>
        Of("SHA3-256", 32, output => Sha3Hash.Hash256(Hex(input), output), answer);

    internal static SelfTestCase Sha3For512(string input, string answer) =>
        Of("SHA3-512", 64, output => Sha3Hash.Hash512(Hex(input), default, output), answer);

    internal static SelfTestCase Shake128(byte value, int count, string answer) =>
        Of("SHAKE128", 32, output => Sha3Hash.Shake128(Repeat(value, count), default, output), answer);

    internal static SelfTestCase Shake256(byte value, int count, string answer) =>
        Of("SHAKE256", 32, output => Sha3Hash.Shake256(Repeat(value, count), default, output), answer);

    internal static SelfTestCase HkdfSha512(string inputKey, string salt, string info, string output) =>
        new("HKDF-SHA512", () => Derive(Hex(inputKey), Hex(salt), Hex(info), output.Length / 2), Hex(output));

    internal static SelfTestCase Aes256Gcm(
        AeadProvider provider, string key, string nonce, string associatedData, string plaintext, string ciphertext, string tag) =>
        new($"AES-256-GCM ({provider.Name})", () => Seal(provider, Hex(key), Hex(nonce), Hex(associatedData), Hex(plaintext)), Hex(ciphertext + tag));

    internal static SelfTestCase MlKem(string algorithm, Kem kem, string seed, string randomness, string answer) =>
        new(algorithm, () => Exchange(kem, Hex(seed), Hex(randomness), withRejection: true), Hex(answer));

    /// <summary>As <see cref="MlKem"/>; shorter randomness is filled up with zeros.</summary>
    internal static SelfTestCase Hybrid(string algorithm, Kem kem, string seed, string randomness, string answer) =>
        new(algorithm, () => Exchange(kem, Hex(seed), Hex(randomness), withRejection: false), Hex(answer));

    private static SelfTestCase Of(string algorithm, int size, Action<byte[]> compute, string answer) => new(
        algorithm,
        () =>
        {
            var output = new byte[size];
            compute(output);
            return output;
        },
        Hex(answer));

    private static byte[] Derive(byte[] inputKey, byte[] salt, byte[] info, int size)
    {
        byte[] pseudoRandomKey = new byte[Hkdf.HashSize], output = new byte[size];
        Hkdf.Extract(salt, inputKey, pseudoRandomKey);
        Hkdf.Expand(pseudoRandomKey, info, output);
        return output;
    }

    // Opening must give the plaintext back, and refuse a forged tag.
    private static byte[] Seal(AeadProvider provider, byte[] key, byte[] nonce, byte[] associatedData, byte[] plaintext)
    {
        using var aead = provider.CreateKey(key);
        byte[] ciphertext = new byte[plaintext.Length], opened = new byte[plaintext.Length], tag = new byte[AeadKey.TagSize];
        aead.Seal(nonce, associatedData, plaintext, ciphertext, tag);
        byte[] result = [.. ciphertext, .. tag];
        if (!aead.TryOpen(nonce, associatedData, ciphertext, tag, opened) || !opened.AsSpan().SequenceEqual(plaintext))
        {
            return [];
        }

        tag[0] ^= 1;
        return aead.TryOpen(nonce, associatedData, ciphertext, tag, opened) ? [] : result;
    }

    // The pairwise consistency test: what one half encapsulates, the other decapsulates.
    private static byte[] Exchange(Kem kem, byte[] seed, byte[] randomness, bool withRejection)
    {
        using var key = kem.ImportSeed(seed);
        byte[] ciphertext = new byte[kem.CiphertextSize], secret = new byte[Kem.SharedSecretSize], other = new byte[32];
        Array.Resize(ref randomness, kem.EncapsulationRandomnessSize);
        key.EncapsulationKey.Encapsulate(randomness, ciphertext, secret);
        if (!key.TryDecapsulate(ciphertext, other) || !other.AsSpan().SequenceEqual(secret))
        {
            return [];
        }

        var sponge = Sponge.Sha3For256();
        sponge.Absorb(key.EncapsulationKey.Bytes.Span);
        sponge.Absorb(ciphertext);
        sponge.Absorb(secret);
        if (withRejection)
        {
            ciphertext[0] ^= 1;
            key.TryDecapsulate(ciphertext, other);
            sponge.Absorb(other);
        }

        var answer = new byte[32];
        sponge.Squeeze(answer);
        return answer;
    }

    private static byte[] Hex(string hex) => Convert.FromHexString(hex);

    private static byte[] Repeat(byte value, int count)
    {
        var bytes = new byte[count];
        bytes.AsSpan().Fill(value);
        return bytes;
    }
}

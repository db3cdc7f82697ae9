using System.Runtime.CompilerServices;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Timing;

/// <summary>Where a secret meets what an attacker sends: decapsulation, valid against invalid; tags, wrong early against wrong late.</summary>
internal static class TimingSubjects
{
    private const int PayloadSize = 256;

    internal static IEnumerable<TimingSubject> All() =>
    [
        .. new[] { MlKemParameters.MlKem512, MlKemParameters.MlKem768, MlKemParameters.MlKem1024 }.SelectMany(
            parameters => MlKemBackend.Supported.Select(backend => Decapsulation($"{parameters.Name}, {backend.Name}", new MlKem(parameters, backend)))),
        Decapsulation("MLKEM768-P256", Kem.MlKem768P256),
        Tag(AeadProvider.Platform),
        .. AeadProvider.IntrinsicWidths.Select(Tag),
        Control(),
    ];

    /// <summary>Class 0: ciphertexts made for the key. Class 1: the same with one bit of the lattice part changed, which is rejected implicitly.</summary>
    private static TimingSubject Decapsulation(string name, Kem kem)
    {
        var seed = new byte[kem.SeedSize];
        new Random(7).NextBytes(seed);
        var key = kem.ImportSeed(seed);
        var secret = new byte[Kem.SharedSecretSize];
        return new TimingSubject(
            $"decapsulation {name}: valid, one bit wrong", kem.CiphertextSize,
            (group, random, input) =>
            {
                var randomness = new byte[kem.EncapsulationRandomnessSize];
                random.NextBytes(randomness);
                key.EncapsulationKey.Encapsulate(randomness, input, new byte[Kem.SharedSecretSize]);
                if (group == 1)
                {
                    input[random.Next(700)] ^= (byte)(1 << random.Next(8));     // inside the shortest ciphertext, 768 bytes
                }
            },
            input => _ = key.TryDecapsulate(input, secret));
    }

    /// <summary>Class 0: the tag is wrong in its first byte. Class 1: in its last.</summary>
    private static TimingSubject Tag(AeadProvider provider)
    {
        var key = provider.CreateKey(new byte[AeadKey.KeySize]);
        var nonce = new byte[AeadKey.NonceSize];
        var plaintext = new byte[PayloadSize];
        return new TimingSubject(
            $"tag of a record, {provider.Name}: wrong in the first byte, in the last", PayloadSize + AeadKey.TagSize,
            (group, random, input) =>
            {
                random.NextBytes(plaintext);
                key.Seal(nonce, [], plaintext, input.AsSpan(0, PayloadSize), input.AsSpan(PayloadSize));
                input[group == 0 ? PayloadSize : ^1] ^= (byte)(1 << random.Next(8));
            },
            input => _ = key.TryOpen(nonce, [], input.AsSpan(0, PayloadSize), input.AsSpan(PayloadSize), plaintext),
            Repeats: 8);
    }

    /// <summary>A comparison that stops at the first difference, as no code here does.</summary>
    private static TimingSubject Control()
    {
        var expected = new byte[AeadKey.TagSize];
        return new TimingSubject(
            "a comparison that stops early: wrong in the first byte, in the last", AeadKey.TagSize,
            (group, random, input) => input[group == 0 ? 0 : ^1] = (byte)random.Next(1, 256),
            input => _ = StopsEarly(expected, input),
            Repeats: 8, Leaks: true);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool StopsEarly(byte[] expected, byte[] actual)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i] != actual[i])
            {
                return false;
            }
        }

        return true;
    }
}

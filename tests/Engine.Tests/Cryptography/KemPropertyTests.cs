using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.Hybrid;
using Kyberium.Engine.Cryptography.Lattice;
using Kyberium.Engine.Tests.Cryptography.Lattice;

namespace Kyberium.Engine.Tests.Cryptography;

public sealed class KemPropertyTests
{
    internal static readonly Dictionary<string, Kem> Kems = new[]
    {
        Kem.MlKem512, Kem.MlKem768, Kem.MlKem1024, Kem.MlKem768P256, Kem.MlKem1024P384,
    }.ToDictionary(kem => kem.NoiseName);

    public static TheoryData<string> Names => [.. Kems.Keys];

    public static TheoryData<string> LatticeNames => ["MLKEM512", "MLKEM768", "MLKEM1024"];

    public static TheoryData<string> HybridNames => ["MLKEM768P256", "MLKEM1024P384"];

    [Theory]
    [InlineData("MLKEM512", 64, 800, 768, 32)]
    [InlineData("MLKEM768", 64, 1184, 1088, 32)]
    [InlineData("MLKEM1024", 64, 1568, 1568, 32)]
    [InlineData("MLKEM768P256", 32, 1249, 1153, 160)]
    [InlineData("MLKEM1024P384", 32, 1665, 1665, 80)]
    public void Sizes_are_those_of_the_protocol(string name, int seed, int key, int ciphertext, int randomness)
    {
        var kem = Kems[name];
        Assert.Equal(
            (seed, key, ciphertext, randomness),
            (kem.SeedSize, kem.EncapsulationKeySize, kem.CiphertextSize, kem.EncapsulationRandomnessSize));
    }

    [Theory, MemberData(nameof(Names))]
    public void What_is_encapsulated_is_decapsulated(string name)
    {
        var kem = Kems[name];
        Check(Bytes(kem.SeedSize), Bytes(kem.EncapsulationRandomnessSize), (seed, randomness) =>
        {
            using var key = kem.ImportSeed(seed);
            var peer = kem.TryImportEncapsulationKey(key.EncapsulationKey.Bytes.Span)!;
            var (ciphertext, secret) = MlKemUnderTest.Encapsulate(peer, randomness);
            return secret.AsSpan().SequenceEqual(MlKemUnderTest.Decapsulate(key, ciphertext));
        });
    }

    [Theory, MemberData(nameof(LatticeNames))]
    public void Any_flipped_bit_gives_an_unrelated_but_repeatable_secret(string name)
    {
        var kem = Kems[name];
        using var key = kem.ImportSeed(RandomNumberGenerator.GetBytes(kem.SeedSize));
        var (ciphertext, secret) = MlKemUnderTest.Encapsulate(key.EncapsulationKey, RandomNumberGenerator.GetBytes(32));
        var seen = new HashSet<string> { Convert.ToHexString(secret) };
        for (var bit = 0; bit < ciphertext.Length * 8; bit++)
        {
            ciphertext[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(seen.Add(Convert.ToHexString(MlKemUnderTest.Decapsulate(key, ciphertext))), $"bit {bit}");
            Assert.False(seen.Add(Convert.ToHexString(MlKemUnderTest.Decapsulate(key, ciphertext))), $"bit {bit}, repeated");
            ciphertext[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal(secret, MlKemUnderTest.Decapsulate(key, ciphertext));
    }

    [Theory, MemberData(nameof(HybridNames))]
    public void A_hybrid_refuses_bad_points_and_hides_bad_lattice_parts(string name)
    {
        var kem = (HybridKem)Kems[name];
        using var key = kem.ImportSeed(RandomNumberGenerator.GetBytes(kem.SeedSize));
        var randomness = RandomNumberGenerator.GetBytes(kem.EncapsulationRandomnessSize);
        var (ciphertext, secret) = MlKemUnderTest.Encapsulate(key.EncapsulationKey, randomness);
        var opened = new byte[32];

        foreach (var at in new[] { kem.Lattice.CiphertextSize, kem.Lattice.CiphertextSize + 1, kem.CiphertextSize - 1 })
        {
            ciphertext[at] ^= 1;
            Assert.False(key.TryDecapsulate(ciphertext, opened));
            ciphertext[at] ^= 1;
        }

        ciphertext[0] ^= 1;
        Assert.True(key.TryDecapsulate(ciphertext, opened));
        Assert.NotEqual(secret, opened);

        var publicKey = key.EncapsulationKey.Bytes.ToArray();
        publicKey[^1] ^= 1;
        Assert.Null(kem.TryImportEncapsulationKey(publicKey));
    }

    [Theory, MemberData(nameof(Names))]
    public void Wrong_lengths_are_refused(string name)
    {
        var kem = Kems[name];
        using var key = kem.ImportSeed(RandomNumberGenerator.GetBytes(kem.SeedSize));
        var publicKey = key.EncapsulationKey.Bytes.ToArray();
        Assert.Null(kem.TryImportEncapsulationKey([]));
        Assert.Null(kem.TryImportEncapsulationKey(publicKey.AsSpan(1)));
        Assert.Null(kem.TryImportEncapsulationKey([.. publicKey, 0]));
        Assert.False(key.TryDecapsulate([], new byte[32]));
        Assert.False(key.TryDecapsulate(new byte[kem.CiphertextSize - 1], new byte[32]));
        Assert.False(key.TryDecapsulate(new byte[kem.CiphertextSize + 1], new byte[32]));
        Assert.Throws<ArgumentException>(() => kem.ImportSeed(new byte[kem.SeedSize - 1]));
        Assert.Throws<ArgumentException>(() => key.TryDecapsulate(new byte[kem.CiphertextSize], new byte[31]));
        Assert.Throws<ArgumentException>(() => key.EncapsulationKey.Encapsulate(
            new byte[kem.EncapsulationRandomnessSize - 1], new byte[kem.CiphertextSize], new byte[32]));
        Assert.Throws<ArgumentException>(() => key.EncapsulationKey.Encapsulate(
            new byte[kem.EncapsulationRandomnessSize], new byte[kem.CiphertextSize + 1], new byte[32]));
    }

    [Theory, MemberData(nameof(LatticeNames))]
    public void Using_lattice_keys_allocates_nothing(string name)
    {
        var kem = Kems[name];
        using var key = kem.ImportSeed(RandomNumberGenerator.GetBytes(64));
        var compact = kem.TryImportEncapsulationKey(key.EncapsulationKey.Bytes, KeyFootprint.Compact)!;
        byte[] randomness = new byte[32], ciphertext = new byte[kem.CiphertextSize], secret = new byte[32];
        Assert.Equal(0, Allocation.PerCall(() => key.EncapsulationKey.Encapsulate(randomness, ciphertext, secret)));
        Assert.Equal(0, Allocation.PerCall(() => compact.Encapsulate(randomness, ciphertext, secret)));
        Assert.Equal(0, Allocation.PerCall(() => key.TryDecapsulate(ciphertext, secret)));
    }

    [Theory, MemberData(nameof(HybridNames))]
    public async Task A_hybrid_key_serves_many_threads(string name)
    {
        var kem = Kems[name];
        using var key = kem.ImportSeed(RandomNumberGenerator.GetBytes(32));
        var randomness = RandomNumberGenerator.GetBytes(kem.EncapsulationRandomnessSize);
        var (ciphertext, secret) = MlKemUnderTest.Encapsulate(key.EncapsulationKey, randomness);
        var runs = Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 20; i++)
            {
                Assert.Equal(secret, MlKemUnderTest.Decapsulate(key, ciphertext));
                Assert.Equal(secret, MlKemUnderTest.Encapsulate(key.EncapsulationKey, randomness).Secret);
            }
        }));
        await Task.WhenAll(runs);
    }

    private static Gen<byte[]> Bytes(int size) => Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b), size);

    private static void Check(Gen<byte[]> first, Gen<byte[]> second, Func<byte[], byte[], bool> claim) =>
        FsCheck.Check.One(
            Config.QuickThrowOnFailure, Prop.ForAll(first.ToArbitrary(), second.ToArbitrary(), claim));
}

using System.Text.Json;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.Hybrid;
using Kyberium.Engine.Cryptography.Lattice;
using Kyberium.Engine.Tests.Cryptography.Lattice;

namespace Kyberium.Engine.Tests.Cryptography.Hybrid;

/// <summary>
/// The hybrids against another implementation's vectors (hybrid/) and the KEM parts of the HPKE-PQ vectors (hpke/). There,
/// ikmE of a P-256 hybrid is the first 128 of the 160 bytes an encapsulation takes: the rest only matters when three
/// chunks in a row are no scalar.
/// </summary>
public sealed class HybridKemVectorTests
{
    private static readonly Dictionary<int, Kem> HpkeKems = new()
    {
        [0x0040] = Kem.MlKem512,
        [0x0041] = Kem.MlKem768,
        [0x0042] = Kem.MlKem1024,
        [0x0050] = Kem.MlKem768P256,
        [0x0051] = Kem.MlKem1024P384,
    };

    [Fact]
    public void Another_implementations_vectors_match()
    {
        var vectors = VectorJson.Load("hybrid/MLKEM768P256.json").EnumerateArray().ToList();
        Assert.Equal(10, vectors.Count);
        foreach (var vector in vectors)
        {
            Check(
                Kem.MlKem768P256,
                $"seed {vector.Text("seed")}",
                vector.Hex("seed"),
                vector.Hex("randomness"),
                vector.Hex("pk"),
                vector.Hex("ct"),
                vector.Hex("ss"));
        }
    }

    [Fact]
    public void Hpke_kem_parts_match()
    {
        var counts = new SortedDictionary<int, int>();
        foreach (var vector in VectorJson.Load("hpke/hpke-pq-test-vectors.json").EnumerateArray())
        {
            var id = vector.Number("kem_id");
            if (!HpkeKems.TryGetValue(id, out var kem))
            {
                continue;
            }

            var randomness = new byte[kem.EncapsulationRandomnessSize];
            vector.Hex("ikmE").CopyTo(randomness, 0);
            Check(
                kem,
                $"kem 0x{id:x4} suite {vector.Text("suite_id")}",
                vector.Hex("skRm"),
                randomness,
                vector.Hex("pkRm"),
                vector.Hex("enc"),
                vector.Hex("shared_secret"));
            counts[id] = counts.GetValueOrDefault(id) + 1;
        }

        Assert.Equal([(0x40, 1), (0x41, 1), (0x42, 2), (0x50, 2), (0x51, 1)], counts.Select(pair => (pair.Key, pair.Value)));
    }

    [Theory]
    [InlineData("MLKEM768-P256", true)]
    [InlineData("|-()-|", false)]
    [InlineData("QSF-P256-MLKEM768-SHAKE256-SHA3256", false)]
    [InlineData("MLKEM768P256", false)]
    public void Only_the_current_label_gives_the_published_secrets(string label, bool matches)
    {
        var kem = new HybridKem("MLKEM768P256", label, (MlKem)Kem.MlKem768, NistCurve.P256);
        foreach (var vector in VectorJson.Load("hybrid/MLKEM768P256.json").EnumerateArray())
        {
            using var key = kem.ImportSeed(vector.Hex("seed"));
            var (ciphertext, secret) = MlKemUnderTest.Encapsulate(key.EncapsulationKey, vector.Hex("randomness"));
            Assert.Equal(vector.Hex("ct"), ciphertext);
            Assert.Equal(matches, secret.AsSpan().SequenceEqual(vector.Hex("ss")));
        }
    }

    private static void Check(Kem kem, string name, byte[] seed, byte[] randomness, byte[] publicKey, byte[] sealedBytes, byte[] secret)
    {
        using var key = kem.ImportSeed(seed);
        VectorJson.AssertBytes(name, publicKey, key.EncapsulationKey.Bytes.Span);
        foreach (var footprint in Enum.GetValues<KeyFootprint>())
        {
            var imported = kem.TryImportEncapsulationKey(publicKey, footprint);
            Assert.NotNull(imported);
            var (ciphertext, shared) = MlKemUnderTest.Encapsulate(imported, randomness);
            VectorJson.AssertBytes(name, sealedBytes, ciphertext);
            VectorJson.AssertBytes(name, secret, shared);
        }

        VectorJson.AssertBytes(name, secret, MlKemUnderTest.Decapsulate(key, sealedBytes));
    }
}

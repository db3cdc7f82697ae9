using Kyberium.Engine.Cryptography.Lattice;
using Kyberium.Engine.Cryptography.Sha3;

namespace Kyberium.Engine.Tests.Cryptography.Lattice;

/// <summary>
/// C2SP's vectors: ciphertexts that differ only behind a zero byte, seeds that need unusually long streams, and 10,000
/// accumulated runs for each parameter set, whose SHAKE128 hash stands in cctv/ml-kem-final/README.md.
/// </summary>
public sealed class CctvVectorTests
{
    private const int AccumulatedRuns = 10_000;

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var backend in MlKemBackend.Supported)
            {
                cases.Add("ML-KEM-512", backend.Name);
                cases.Add("ML-KEM-768", backend.Name);
                cases.Add("ML-KEM-1024", backend.Name);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Ciphertext_comparison_does_not_stop_at_a_zero_byte(string parameterSet, string backend)
    {
        var kem = MlKemUnderTest.Find(parameterSet, backend);
        var vector = Assert.Single(Read($"cctv/ml-kem-strcmp/{parameterSet}.txt", "dk"));
        using var key = MlKemDecapsulationKey.TryImportExpanded(kem, vector["dk"]);
        Assert.NotNull(key);
        Assert.Equal(vector["K"], MlKemUnderTest.Decapsulate(key, vector["c"]));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Sampling_continues_past_the_usual_stream_length(string parameterSet, string backend)
    {
        var kem = MlKemUnderTest.Find(parameterSet, backend);
        var vectors = Read($"cctv/ml-kem-final/unluckysample/{parameterSet}.txt", "d");
        Assert.NotEmpty(vectors);
        foreach (var vector in vectors)
        {
            using var key = kem.ImportMlKemSeed([.. vector["d"], .. vector["z"]]);
            Assert.Equal(vector["ek"], key.EncapsulationKey.Bytes.ToArray());
            Assert.Equal(vector["dk"], MlKemUnderTest.Export(kem, key));
            var (ciphertext, secret) = MlKemUnderTest.Encapsulate(key.EncapsulationKey, vector["m"]);
            Assert.Equal(vector["c"], ciphertext);
            Assert.Equal(vector["K"], secret);
            Assert.Equal(vector["K"], MlKemUnderTest.Decapsulate(key, ciphertext));
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Ten_thousand_accumulated_runs_hash_to_the_published_value(string parameterSet, string backend)
    {
        var kem = MlKemUnderTest.Find(parameterSet, backend);
        var source = Sponge.Shake128();
        var results = Sponge.Shake128();
        byte[] seed = new byte[64], message = new byte[32], invalid = new byte[kem.CiphertextSize];
        for (var run = 0; run < AccumulatedRuns; run++)
        {
            source.Squeeze(seed);
            source.Squeeze(message);
            source.Squeeze(invalid);
            using var key = kem.ImportMlKemSeed(seed);
            var (ciphertext, secret) = MlKemUnderTest.Encapsulate(key.EncapsulationKey, message);
            Assert.Equal(secret, MlKemUnderTest.Decapsulate(key, ciphertext));
            results.Absorb(key.EncapsulationKey.Bytes.Span);
            results.Absorb(MlKemUnderTest.Export(kem, key));
            results.Absorb(ciphertext);
            results.Absorb(secret);
            results.Absorb(MlKemUnderTest.Decapsulate(key, invalid));
        }

        var hash = new byte[32];
        results.Squeeze(hash);
        Assert.Equal(PublishedHash(parameterSet), Convert.ToHexStringLower(hash));
    }

    private static string PublishedHash(string parameterSet)
    {
        var lines = File.ReadAllLines(VectorJson.PathOf("cctv/ml-kem-final/README.md"));
        var heading = Array.FindIndex(lines, line => line.Contains("10 000 consecutive tests", StringComparison.Ordinal));
        Assert.True(heading >= 0, "the README lists hashes of 10 000 tests");
        return lines.Skip(heading).First(line => line.Contains($"{parameterSet}:", StringComparison.Ordinal)).Split('`')[1];
    }

    // "name = hex" lines; each vector starts with the same name.
    private static List<Dictionary<string, byte[]>> Read(string path, string first)
    {
        var vectors = new List<Dictionary<string, byte[]>>();
        foreach (var line in File.ReadLines(VectorJson.PathOf(path)).Where(line => line.Contains('=', StringComparison.Ordinal)))
        {
            var parts = line.Split('=', StringSplitOptions.TrimEntries);
            if (parts[0] == first)
            {
                vectors.Add([]);
            }

            vectors[^1][parts[0]] = Convert.FromHexString(parts[1]);
        }

        return vectors;
    }
}

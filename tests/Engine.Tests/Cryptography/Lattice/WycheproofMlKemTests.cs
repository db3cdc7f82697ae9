namespace Kyberium.Engine.Tests.Cryptography.Lattice;

/// <summary>Wycheproof's ML-KEM-768 vectors, whole: 265 encapsulations with bad keys among them, 100 key generations.</summary>
public sealed class WycheproofMlKemTests
{
    public static TheoryData<string> Backends => MlKemUnderTest.Backends;

    [Theory, MemberData(nameof(Backends))]
    public void Encapsulation_matches_and_unreduced_keys_are_refused(string backend)
    {
        int valid = 0, invalid = 0;
        foreach (var group in VectorJson.Load("wycheproof/mlkem_768_encaps_test.json").Groups())
        {
            var kem = MlKemUnderTest.Find(group.Text("parameterSet"), backend);
            foreach (var test in group.Tests())
            {
                var name = $"tcId {test.Number("tcId")}";
                var key = kem.TryImportEncapsulationKey(test.Hex("ek"));
                if (test.Text("result") == "invalid")
                {
                    Assert.True(key is null, name);
                    invalid++;
                    continue;
                }

                Assert.True(key is not null, name);
                var (ciphertext, secret) = MlKemUnderTest.Encapsulate(key, test.Hex("m"));
                VectorJson.AssertBytes(name, test.Hex("c"), ciphertext);
                VectorJson.AssertBytes(name, test.Hex("K"), secret);
                valid++;
            }
        }

        Assert.Equal((133, 132), (valid, invalid));
    }

    [Theory, MemberData(nameof(Backends))]
    public void Key_generation_from_a_seed_matches(string backend)
    {
        var count = 0;
        foreach (var group in VectorJson.Load("wycheproof/mlkem_768_keygen_seed_test.json").Groups())
        {
            var kem = MlKemUnderTest.Find(group.Text("parameterSet"), backend);
            foreach (var test in group.Tests())
            {
                using var key = kem.ImportMlKemSeed(test.Hex("seed"));
                VectorJson.AssertBytes($"tcId {test.Number("tcId")}", test.Hex("ek"), key.EncapsulationKey.Bytes.Span);
                VectorJson.AssertBytes($"tcId {test.Number("tcId")}", test.Hex("dk"), MlKemUnderTest.Export(kem, key));
                count++;
            }
        }

        Assert.Equal(100, count);
    }
}

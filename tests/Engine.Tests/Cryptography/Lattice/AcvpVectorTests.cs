using System.Text.Json;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Engine.Tests.Cryptography.Lattice;

/// <summary>NIST's ACVP vectors for FIPS 203, whole: 75 key generations, 165 encapsulations, decapsulations and checks.</summary>
public sealed class AcvpVectorTests
{
    public static TheoryData<string> Backends => MlKemUnderTest.Backends;

    [Theory, MemberData(nameof(Backends))]
    public void Key_generation_matches(string backend)
    {
        var count = 0;
        foreach (var (group, test, expected) in Cases("acvp/ML-KEM-keyGen-FIPS203"))
        {
            var kem = MlKemUnderTest.Find(group.Text("parameterSet"), backend);
            byte[] seed = [.. test.Hex("d"), .. test.Hex("z")];
            using var key = kem.ImportMlKemSeed(seed);
            var name = $"keyGen tcId {test.Number("tcId")}";
            VectorJson.AssertBytes(name, expected.Hex("ek"), key.EncapsulationKey.Bytes.Span);
            VectorJson.AssertBytes(name, expected.Hex("dk"), MlKemUnderTest.Export(kem, key));
            count++;
        }

        Assert.Equal(75, count);
    }

    [Theory, MemberData(nameof(Backends))]
    public void Encapsulation_decapsulation_and_key_checks_match(string backend)
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (group, test, expected) in Cases("acvp/ML-KEM-encapDecap-FIPS203"))
        {
            var kem = MlKemUnderTest.Find(group.Text("parameterSet"), backend);
            var function = group.Text("function");
            counts[function] = counts.GetValueOrDefault(function) + 1;
            Check(kem, function, test, expected);
        }

        Assert.Equal(75, counts["encapsulation"]);
        Assert.Equal(30, counts["decapsulation"]);
        Assert.Equal(30, counts["encapsulationKeyCheck"]);
        Assert.Equal(30, counts["decapsulationKeyCheck"]);
    }

    private static void Check(MlKem kem, string function, JsonElement test, JsonElement expected)
    {
        var name = $"{function} tcId {test.Number("tcId")}";
        switch (function)
        {
            case "encapsulation":
                foreach (var footprint in Enum.GetValues<KeyFootprint>())
                {
                    var (ciphertext, secret) =
                        MlKemUnderTest.Encapsulate(MlKemUnderTest.Import(kem, test.Hex("ek"), footprint), test.Hex("m"));
                    VectorJson.AssertBytes(name, expected.Hex("c"), ciphertext);
                    VectorJson.AssertBytes(name, expected.Hex("k"), secret);
                }

                break;
            case "decapsulation":
                using (var key = MlKemDecapsulationKey.TryImportExpanded(kem, test.Hex("dk")))
                {
                    Assert.NotNull(key);
                    VectorJson.AssertBytes(name, expected.Hex("k"), MlKemUnderTest.Decapsulate(key, test.Hex("c")));
                }

                break;
            case "encapsulationKeyCheck":
                var passed = kem.TryImportEncapsulationKey(test.Hex("ek")) is not null;
                Assert.True(expected.GetProperty("testPassed").GetBoolean() == passed, name);
                break;
            case "decapsulationKeyCheck":
                using (var key = MlKemDecapsulationKey.TryImportExpanded(kem, test.Hex("dk")))
                {
                    Assert.True(expected.GetProperty("testPassed").GetBoolean() == key is not null, name);
                }

                break;
            default:
                Assert.Fail($"unknown function {function}");
                break;
        }
    }

    private static IEnumerable<(JsonElement Group, JsonElement Test, JsonElement Expected)> Cases(string folder)
    {
        var expected = VectorJson.Load($"{folder}/expectedResults.json").Groups()
            .SelectMany(group => group.Tests()).ToDictionary(test => test.Number("tcId"));
        foreach (var group in VectorJson.Load($"{folder}/prompt.json").Groups())
        {
            foreach (var test in group.Tests())
            {
                yield return (group, test, expected[test.Number("tcId")]);
            }
        }
    }
}

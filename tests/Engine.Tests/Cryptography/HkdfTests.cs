using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Tests.Cryptography;

public sealed class HkdfTests
{
    [Fact]
    public void Wycheproof_vectors_match_and_too_long_outputs_are_refused()
    {
        int valid = 0, invalid = 0;
        foreach (var test in VectorJson.Load("wycheproof/hkdf_sha512_test.json").Groups().SelectMany(g => g.Tests()))
        {
            var key = new byte[Hkdf.HashSize];
            var output = new byte[test.Number("size")];
            Hkdf.Extract(test.Hex("salt"), test.Hex("ikm"), key);
            if (test.Text("result") == "invalid")
            {
                Assert.Throws<ArgumentException>(() => Hkdf.Expand(key, test.Hex("info"), output));
                invalid++;
                continue;
            }

            Hkdf.Expand(key, test.Hex("info"), output);
            VectorJson.AssertBytes($"tcId {test.Number("tcId")}", test.Hex("okm"), output);
            valid++;
        }

        Assert.Equal(83, valid + invalid);
        Assert.True(invalid > 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(64)]
    [InlineData(1_024)]
    [InlineData(1_025)]
    [InlineData(10_000)]
    public void Info_of_any_length_agrees_with_the_platform(int infoSize)
    {
        var key = RandomNumberGenerator.GetBytes(64);
        var info = RandomNumberGenerator.GetBytes(infoSize);
        byte[] ours = new byte[200], platform = new byte[200];
        Hkdf.Expand(key, info, ours);
        HKDF.Expand(HashAlgorithmName.SHA512, key, platform, info);
        Assert.Equal(platform, ours);
    }

    // The structure is written out by hand here: length16, len8 "kyb1 root", len8 context.
    [Fact]
    public void Expand_label_hashes_the_structure_of_rfc_8446()
    {
        var secret = RandomNumberGenerator.GetBytes(64);
        var context = RandomNumberGenerator.GetBytes(64);
        byte[] info = [0, 36, 9, .. "kyb1 root"u8, 64, .. context];
        byte[] ours = new byte[36], platform = new byte[36];
        Hkdf.ExpandLabel(secret, "root"u8, context, ours);
        HKDF.Expand(HashAlgorithmName.SHA512, secret, platform, info);
        Assert.Equal(platform, ours);
    }

    [Fact]
    public void Lengths_outside_the_structure_are_refused()
    {
        var secret = new byte[64];
        var output = new byte[32];
        Assert.Throws<ArgumentException>(() => Hkdf.ExpandLabel(secret, [], [], output));
        Assert.Throws<ArgumentException>(() => Hkdf.ExpandLabel(secret, new byte[251], [], output));
        Assert.Throws<ArgumentException>(() => Hkdf.ExpandLabel(secret, "root"u8, new byte[256], output));
        Assert.Throws<ArgumentException>(() => Hkdf.Expand(new byte[63], [], output));
        Assert.Throws<ArgumentException>(() => Hkdf.Extract([], [], new byte[63]));
    }

    [Fact]
    public void Expanding_allocates_nothing()
    {
        byte[] secret = new byte[64], context = new byte[64], output = new byte[64];
        void Derive() => Hkdf.ExpandLabel(secret, "root"u8, context, output);
        Assert.Equal(0, Allocation.PerCall(Derive));
    }
}

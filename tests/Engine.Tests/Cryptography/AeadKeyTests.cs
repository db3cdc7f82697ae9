using System.Security.Cryptography;
using System.Text.Json;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Tests.Cryptography;

/// <summary>Every provider that runs here, one by one: the platform's, and each width of the processor's instructions.</summary>
public sealed class AeadKeyTests
{
    public static TheoryData<string> Providers => [.. All.Select(provider => provider.Name)];

    private static IEnumerable<AeadProvider> All => [AeadProvider.Platform, .. AeadProvider.IntrinsicWidths];

    [Theory, MemberData(nameof(Providers))]
    public void Wycheproof_vectors_match_and_forgeries_leave_zeros(string provider)
    {
        int valid = 0, invalid = 0;
        var groups = VectorJson.Load("wycheproof/aes_gcm_test.json").Groups().Where(group =>
            (group.Number("keySize"), group.Number("ivSize"), group.Number("tagSize")) == (256, 96, 128));
        foreach (var test in groups.SelectMany(group => group.Tests()))
        {
            var isValid = test.Text("result") != "invalid";
            AssertVector(provider, $"tcId {test.Number("tcId")}", test, isValid);
            valid += isValid ? 1 : 0;
            invalid += isValid ? 0 : 1;
        }

        Assert.Equal(66, valid + invalid);
        Assert.True(valid > 0 && invalid > 0);
    }

    [Theory, MemberData(nameof(Providers))]
    public void Vectors_published_by_NIST_match(string provider)
    {
        var vectors = VectorJson.Load("gcm/nist_aes256_gcm.json").EnumerateArray().ToList();

        Assert.Equal(16, vectors.Count);
        Assert.All(vectors, test => AssertVector(provider, test.Text("name"), test, isValid: true));
    }

    [Theory, MemberData(nameof(Providers))]
    public void Wrong_lengths_are_a_callers_bug(string provider)
    {
        using var key = Key(provider);
        Assert.Throws<ArgumentException>(() => Provider(provider).CreateKey(new byte[16]));
        Assert.Throws<ArgumentException>(() => key.Seal(new byte[11], [], [], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => key.Seal(new byte[12], [], new byte[1], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => key.Seal(new byte[12], [], [], [], new byte[12]));
        Assert.Throws<ArgumentException>(() => key.TryOpen(new byte[12], [], new byte[1], new byte[16], []));
        Assert.Throws<ArgumentException>(() => key.TryOpen(new byte[13], [], [], new byte[16], []));
        Assert.Throws<ArgumentException>(() => key.TryOpen(new byte[12], [], [], new byte[15], []));
    }

    [Theory, MemberData(nameof(Providers))]
    public void A_disposed_key_neither_seals_nor_opens(string provider)
    {
        var key = Key(provider);
        key.Dispose();
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Seal(new byte[12], [], [], [], new byte[16]));
        Assert.Throws<ObjectDisposedException>(() => key.TryOpen(new byte[12], [], [], new byte[16], []));
    }

    [Theory, MemberData(nameof(Providers))]
    public void Sealing_and_opening_allocate_nothing(string provider)
    {
        using var key = Key(provider);
        byte[] nonce = new byte[12], associatedData = new byte[44], tag = new byte[16];
        foreach (var length in new[] { 0, 7, 64, 256, 1_000, 16_384 })
        {
            byte[] plaintext = new byte[length], ciphertext = new byte[length];
            Assert.Equal(0, Allocation.PerCall(() => key.Seal(nonce, associatedData, plaintext, ciphertext, tag)));
            Assert.Equal(0, Allocation.PerCall(() => Assert.True(key.TryOpen(nonce, associatedData, ciphertext, tag, plaintext))));
        }
    }

    private static void AssertVector(string provider, string name, JsonElement test, bool isValid)
    {
        using var key = Provider(provider).CreateKey(test.Hex("key"));
        byte[] nonce = test.Hex("iv"), associatedData = test.Hex("aad"), ciphertext = test.Hex("ct"), tag = test.Hex("tag");
        var opened = RandomNumberGenerator.GetBytes(ciphertext.Length);
        if (!isValid)
        {
            Assert.False(key.TryOpen(nonce, associatedData, ciphertext, tag, opened), name);
            Assert.True(opened.AsSpan().IndexOfAnyExcept((byte)0) < 0, name);
            return;
        }

        Assert.True(key.TryOpen(nonce, associatedData, ciphertext, tag, opened), name);
        VectorJson.AssertBytes(name, test.Hex("msg"), opened);
        byte[] sealedBytes = new byte[opened.Length], sealedTag = new byte[AeadKey.TagSize];
        key.Seal(nonce, associatedData, opened, sealedBytes, sealedTag);
        VectorJson.AssertBytes(name, ciphertext, sealedBytes);
        VectorJson.AssertBytes(name, tag, sealedTag);
    }

    private static AeadProvider Provider(string name) => All.Single(provider => provider.Name == name);

    private static AeadKey Key(string provider) => Provider(provider).CreateKey(new byte[32]);
}

using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Tests.Cryptography;

/// <summary>Every provider against Wycheproof's AES-GCM vectors with 256-bit keys, 96-bit nonces and 128-bit tags.</summary>
public sealed class AeadKeyTests
{
    [Fact]
    public void Wycheproof_vectors_match_and_forgeries_leave_zeros()
    {
        int valid = 0, invalid = 0;
        var groups = VectorJson.Load("wycheproof/aes_gcm_test.json").Groups().Where(group =>
            (group.Number("keySize"), group.Number("ivSize"), group.Number("tagSize")) == (256, 96, 128));
        foreach (var test in groups.SelectMany(group => group.Tests()))
        {
            var name = $"tcId {test.Number("tcId")}";
            using var key = AeadProvider.Platform.CreateKey(test.Hex("key"));
            byte[] nonce = test.Hex("iv"), associatedData = test.Hex("aad"), ciphertext = test.Hex("ct"), tag = test.Hex("tag");
            var opened = RandomNumberGenerator.GetBytes(ciphertext.Length);
            if (test.Text("result") == "invalid")
            {
                Assert.False(key.TryOpen(nonce, associatedData, ciphertext, tag, opened), name);
                Assert.True(opened.AsSpan().IndexOfAnyExcept((byte)0) < 0, name);
                invalid++;
                continue;
            }

            Assert.True(key.TryOpen(nonce, associatedData, ciphertext, tag, opened), name);
            VectorJson.AssertBytes(name, test.Hex("msg"), opened);
            byte[] sealedBytes = new byte[opened.Length], sealedTag = new byte[AeadKey.TagSize];
            key.Seal(nonce, associatedData, opened, sealedBytes, sealedTag);
            VectorJson.AssertBytes(name, ciphertext, sealedBytes);
            VectorJson.AssertBytes(name, tag, sealedTag);
            valid++;
        }

        Assert.Equal(66, valid + invalid);
        Assert.True(valid > 0 && invalid > 0);
    }

    [Fact]
    public void Wrong_lengths_are_a_callers_bug()
    {
        using var key = AeadProvider.Platform.CreateKey(new byte[32]);
        Assert.Throws<ArgumentException>(() => AeadProvider.Platform.CreateKey(new byte[16]));
        Assert.Throws<ArgumentException>(() => key.Seal(new byte[11], [], [], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => key.Seal(new byte[12], [], new byte[1], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => key.Seal(new byte[12], [], [], [], new byte[12]));
        Assert.Throws<ArgumentException>(() => key.TryOpen(new byte[12], [], new byte[1], new byte[16], []));
    }

    [Fact]
    public void A_disposed_key_seals_nothing()
    {
        var key = AeadProvider.Platform.CreateKey(new byte[32]);
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Seal(new byte[12], [], [], [], new byte[16]));
    }

    [Fact]
    public void Sealing_and_opening_allocate_nothing()
    {
        using var key = AeadProvider.Platform.CreateKey(new byte[32]);
        byte[] nonce = new byte[12], plaintext = new byte[256], ciphertext = new byte[256], tag = new byte[16];
        Assert.Equal(0, Allocation.PerCall(() => key.Seal(nonce, [], plaintext, ciphertext, tag)));
        Assert.Equal(0, Allocation.PerCall(() => key.TryOpen(nonce, [], ciphertext, tag, plaintext)));
    }
}

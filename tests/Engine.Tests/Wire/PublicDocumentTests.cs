using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Wire;

/// <summary>Public documents. Goal: one encoding per identity, every key checked, bad ones refused for the stated reason.</summary>
public sealed class PublicDocumentTests
{
    private static readonly PublicDocument Document = Make("alice", Suite.MLKem1024P384, Suite.MLKem768P256, Suite.MLKem512);

    [Fact]
    public void Document_is_read_back_with_its_keys_and_suites()
    {
        Assert.True(PublicDocument.TryRead(Document.Bytes.Span, out var read, out _));
        Assert.Equal("alice", read.Name);
        Assert.Equal(Document.Fingerprint, read.Fingerprint);
        Assert.Equal(SuiteSet.Of(Suite.MLKem768P256, Suite.MLKem1024P384, Suite.MLKem512), read.Suites);
        Assert.Equal(Document.KeyOf(Suite.MLKem512)!.Bytes.ToArray(), read.KeyOf(Suite.MLKem512)!.Bytes.ToArray());
        Assert.Null(read.KeyOf(Suite.MLKem768));
    }

    [Fact]
    public void Order_of_keys_given_does_not_change_the_fingerprint() => Assert.Equal(
        Document.Fingerprint, Make("alice", Suite.MLKem512, Suite.MLKem768P256, Suite.MLKem1024P384).Fingerprint);

    [Fact]
    public void All_suites_and_the_longest_name_fit()
    {
        var document = Make(new string('n', 128), [.. SuiteSet.All.InOrder()]);
        Assert.Equal(6_621, document.Bytes.Length);
        Assert.True(PublicDocument.TryRead(document.Bytes.Span, out _, out _));
    }

    [Fact]
    public void Damaged_key_is_refused()
    {
        var bytes = Document.Bytes.ToArray();
        bytes[12 + 4 + 1_184] ^= 1;    // the P-256 point's first byte: no longer an uncompressed point
        AssertRefused(WireFailure.KeyInvalid, bytes);
        bytes = Document.Bytes.ToArray();
        bytes.AsSpan(16, 3).Fill(0xff);    // two coefficients of 4,095, which is not below 3,329
        AssertRefused(WireFailure.KeyInvalid, bytes);
    }

    [Fact]
    public void Bad_structure_is_refused()
    {
        var bytes = Document.Bytes.ToArray();
        AssertRefused(WireFailure.LengthMismatch, [.. bytes, 0]);
        AssertRefused(WireFailure.Oversized, new byte[PublicDocument.LengthMax + 1]);
        AssertRefused(WireFailure.VersionUnsupported, With(bytes, 4, 2));
        AssertRefused(WireFailure.FieldInvalid, With(bytes, 0, (byte)'k'));
        AssertRefused(WireFailure.FieldInvalid, With(bytes, 6, (byte)' '));
        AssertRefused(WireFailure.FieldInvalid, With(bytes, 11, 0));
        AssertRefused(WireFailure.SuiteUnsupported, With(bytes, 13, 6));
        AssertRefused(WireFailure.LengthMismatch, With(bytes, 13, 5));
        var single = Make("", Suite.MLKem512).Bytes.ToArray();
        AssertRefused(WireFailure.FieldRepeated, With([.. single, .. single[7..]], 6, 2));
        var second = Make("", Suite.MLKem768).Bytes.ToArray();
        AssertRefused(WireFailure.FieldOrder, With([.. second, .. single[7..]], 6, 2));
    }

    [Fact]
    public void Every_cut_is_truncated()
    {
        var bytes = Make("bob", Suite.MLKem512).Bytes.ToArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            AssertRefused(WireFailure.Truncated, bytes[..length]);
        }
    }

    [Fact]
    public void Creating_refuses_what_reading_would()
    {
        using var key = Kem.MlKem512.ImportSeed(new byte[64]);
        Assert.Throws<ArgumentException>(() => PublicDocument.Create("a b", [(Suite.MLKem512, key.EncapsulationKey)]));
        Assert.Throws<ArgumentException>(() => PublicDocument.Create("a", []));
        Assert.Throws<ArgumentException>(() =>
            PublicDocument.Create("a", [(Suite.MLKem512, key.EncapsulationKey), (Suite.MLKem512, key.EncapsulationKey)]));
        Assert.Throws<ArgumentException>(() => PublicDocument.Create("a", [(Suite.MLKem768, key.EncapsulationKey)]));
    }

    [Fact]
    public void Text_is_read_back_with_either_line_end()
    {
        var text = PublicDocumentArmor.Write(Document);
        foreach (var variant in new[] { text, text.Replace("\n", "\r\n", StringComparison.Ordinal), "\n " + text + "\n\n" })
        {
            Assert.True(PublicDocumentArmor.TryRead(variant, out var read, out var failure), failure.ToString());
            Assert.Equal(Document.Fingerprint, read.Fingerprint);
        }
    }

    [Fact]
    public void Text_whose_fingerprint_line_disagrees_is_refused()
    {
        var claimed = Convert.ToHexStringLower(Document.Fingerprint.Bytes);
        var other = Convert.ToHexStringLower(Fingerprint.Of([1]).Bytes);
        var text = PublicDocumentArmor.Write(Document).Replace(claimed, other, StringComparison.Ordinal);
        Assert.False(PublicDocumentArmor.TryRead(text, out _, out var failure));
        Assert.Equal(WireFailure.FieldInvalid, failure);
    }

    private static PublicDocument Make(string name, params Suite[] suites) => PublicDocument.Create(name, suites.Select(suite =>
    {
        var kem = SuiteKems.Of(suite);
        return (suite, kem.ImportSeed(new Sessions.SeededEntropy((int)suite).Bytes(kem.SeedSize)).EncapsulationKey);
    }));

    private static byte[] With(byte[] bytes, int offset, byte value)
    {
        var changed = (byte[])bytes.Clone();
        changed[offset] = value;
        return changed;
    }

    private static void AssertRefused(WireFailure expected, byte[] bytes)
    {
        Assert.False(PublicDocument.TryRead(bytes, out _, out var failure));
        Assert.Equal(expected, failure);
    }
}

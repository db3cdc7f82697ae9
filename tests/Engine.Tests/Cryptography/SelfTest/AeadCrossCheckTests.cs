using System.Globalization;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.SelfTest;
using Kyberium.Engine.Tests.Sessions;

namespace Kyberium.Engine.Tests.Cryptography.SelfTest;

/// <summary>Random cases against the platform's AES-GCM. KYBERIUM_AEAD_CASES and KYBERIUM_AEAD_SEED choose how many, and which.</summary>
public sealed class AeadCrossCheckTests
{
    [Fact]
    public void Random_cases_agree_with_the_platform()
    {
        var count = Number("KYBERIUM_AEAD_CASES") ?? 200_000;
        var seed = Number("KYBERIUM_AEAD_SEED") ?? Random.Shared.Next();

        var failure = Record.Exception(() => AeadCrossCheck.Run(AeadProvider.IntrinsicWidths, new SeededEntropy(seed), count));

        Assert.True(failure is null, $"KYBERIUM_AEAD_SEED={seed}: {failure}");
    }

    [Theory]
    [InlineData(Defect.ChangesText), InlineData(Defect.ChangesTag), InlineData(Defect.OpensForgeries)]
    [InlineData(Defect.OpensToSomethingElse), InlineData(Defect.LeavesForgedText)]
    public void A_defect_is_found_at_the_start(Defect defect)
    {
        var failure = Assert.Throws<SelfTestFailedException>(() =>
            AeadCrossCheck.Run([new DefectiveProvider(defect)], new SeededEntropy(1), AeadCrossCheck.CountAtStart));

        Assert.Equal($"AES-256-GCM ({defect})", failure.Algorithm);
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    public enum Defect
    {
        ChangesText,
        ChangesTag,
        OpensForgeries,
        OpensToSomethingElse,
        LeavesForgedText,
    }

    private sealed class DefectiveProvider(Defect defect) : AeadProvider
    {
        internal override string Name => defect.ToString();

        internal override AeadKey CreateKey(ReadOnlySpan<byte> key) => new DefectiveKey(Platform.CreateKey(key), defect);
    }

    private sealed class DefectiveKey(AeadKey inner, Defect defect) : AeadKey
    {
        internal override void Seal(
            ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag)
        {
            inner.Seal(nonce, associatedData, plaintext, ciphertext, tag);
            Flip(Defect.ChangesText, ciphertext);
            Flip(Defect.ChangesTag, tag);
        }

        internal override bool TryOpen(
            ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
        {
            var opened = inner.TryOpen(nonce, associatedData, ciphertext, tag, plaintext);
            Flip(opened ? Defect.OpensToSomethingElse : Defect.LeavesForgedText, plaintext);
            return opened || defect == Defect.OpensForgeries;
        }

        public override void Dispose() => inner.Dispose();

        private void Flip(Defect when, Span<byte> bytes)
        {
            if (defect == when && !bytes.IsEmpty)
            {
                bytes[^1] ^= 1;
            }
        }
    }
}

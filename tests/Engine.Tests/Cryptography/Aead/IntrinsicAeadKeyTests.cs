using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.Aead;

namespace Kyberium.Engine.Tests.Cryptography.Aead;

/// <summary>Goal: over the processor's instructions every length, place and forgery behaves as with the platform's. On a processor
/// without them only the platform's is left, which the first claim makes visible.</summary>
public sealed class IntrinsicAeadKeyTests
{
    private const byte Canary = 0xA5;
    private const int Margin = 96;

    private static readonly byte[] KeyBytes = Bytes(1, AeadKey.KeySize);
    private static readonly byte[] Nonce = Bytes(2, AeadKey.NonceSize);

    // The platform's own goes along: it shows that the claims are true of it, and a processor without the instructions has cases too.
    public static TheoryData<string> Providers => [.. All.Select(provider => provider.Name)];

    private static IEnumerable<AeadProvider> All => [AeadProvider.Platform, .. AeadProvider.IntrinsicWidths];

    [Fact]
    public void There_is_a_width_exactly_where_the_processor_has_the_instructions()
    {
        Assert.Equal(ProcessorInstructions.IsSupported, AeadProvider.IntrinsicWidths.Count > 0);
        Assert.Equal(ProcessorInstructions.IsSupported, AeadProvider.Intrinsics is not null);
    }

    [Theory, MemberData(nameof(Providers))]
    public void Every_length_of_text_agrees_with_the_platform(string provider)
    {
        using var ours = Key(provider);
        using var platform = AeadProvider.Platform.CreateKey(KeyBytes);
        for (var length = 0; length <= 700; length++)
        {
            AssertAgree(ours, platform, Bytes(length, length), Bytes(3, length % 50));
        }
    }

    [Theory, MemberData(nameof(Providers))]
    public void Every_length_of_associated_data_agrees_with_the_platform(string provider)
    {
        using var ours = Key(provider);
        using var platform = AeadProvider.Platform.CreateKey(KeyBytes);
        for (var length = 0; length <= 400; length++)
        {
            AssertAgree(ours, platform, Bytes(4, length % 200), Bytes(length, length));
        }
    }

    [Theory, MemberData(nameof(Providers))]
    public void A_long_text_agrees_with_the_platform(string provider)
    {
        using var ours = Key(provider);
        using var platform = AeadProvider.Platform.CreateKey(KeyBytes);
        AssertAgree(ours, platform, Bytes(5, (1 << 20) + 77), Bytes(6, 65_537));
    }

    // Each length at a place of its own, so that every alignment comes up.
    [Theory, MemberData(nameof(Providers))]
    public void Nothing_is_written_beside_the_output(string provider)
    {
        using var key = Key(provider);
        for (var length = 0; length <= 300; length++)
        {
            var at = 1 + (length % 67);
            var room = new byte[at + length + Margin];
            var tag = new byte[AeadKey.TagSize];
            Bytes(7, length).CopyTo(room, at);
            room.AsSpan(0, at).Fill(Canary);
            room.AsSpan(at + length).Fill(Canary);
            var text = room.AsMemory(at, length);

            key.Seal(Nonce, [], text.Span, text.Span, tag);
            Assert.True(IsUntouched(room, at, length), $"sealing {length} bytes at {at}");
            Assert.True(key.TryOpen(Nonce, [], text.Span, tag, text.Span));
            Assert.True(IsUntouched(room, at, length), $"opening {length} bytes at {at}");
            Assert.Equal(Bytes(7, length), text.ToArray());
        }
    }

    [Fact]
    public void Buffers_that_overlap_otherwise_than_in_place_are_a_callers_bug()
    {
        foreach (var provider in AeadProvider.IntrinsicWidths)
        {
            using var key = provider.CreateKey(KeyBytes);
            var room = new byte[64];
            Assert.Throws<ArgumentException>(() => key.Seal(Nonce, [], room.AsSpan(0, 40), room.AsSpan(1, 40), new byte[16]));
            Assert.Throws<ArgumentException>(() => key.TryOpen(Nonce, [], room.AsSpan(8, 40), new byte[16], room.AsSpan(0, 40)));
        }
    }

    // Seen or not: each bit of the tag, and one bit of each byte of text, associated data and nonce.
    [Theory, MemberData(nameof(Providers))]
    public void One_changed_bit_anywhere_opens_nothing_and_leaves_zeros(string provider)
    {
        using var key = Key(provider);
        byte[] text = Bytes(8, 273), associatedData = Bytes(9, 44), tag = new byte[16], ciphertext = new byte[text.Length];
        key.Seal(Nonce, associatedData, text, ciphertext, tag);
        foreach (var (part, bits) in new[] { (tag, 8), (ciphertext, 1), (associatedData, 1), (Nonce.ToArray(), 1) })
        {
            for (var i = 0; i < part.Length * bits; i++)
            {
                var changed = part.ToArray();
                changed[i / bits] ^= (byte)(1 << (bits == 1 ? i % 8 : i % bits));
                var opened = Bytes(10, text.Length);
                var isOpened = key.TryOpen(
                    part.Length == AeadKey.NonceSize ? changed : Nonce,
                    ReferenceEquals(part, associatedData) ? changed : associatedData,
                    ReferenceEquals(part, ciphertext) ? changed : ciphertext,
                    ReferenceEquals(part, tag) ? changed : tag,
                    opened);
                Assert.False(isOpened, $"part of {part.Length} bytes, bit {i}");
                Assert.True(opened.AsSpan().IndexOfAnyExcept((byte)0) < 0, $"part of {part.Length} bytes, bit {i}");
            }
        }
    }

    private static void AssertAgree(AeadKey ours, AeadKey platform, byte[] text, byte[] associatedData)
    {
        var name = $"text of {text.Length}, associated data of {associatedData.Length}";
        byte[] expected = new byte[text.Length], expectedTag = new byte[16], actual = new byte[text.Length], actualTag = new byte[16];
        platform.Seal(Nonce, associatedData, text, expected, expectedTag);
        ours.Seal(Nonce, associatedData, text, actual, actualTag);
        VectorJson.AssertBytes(name, expected, actual);
        VectorJson.AssertBytes(name, expectedTag, actualTag);
        Assert.True(ours.TryOpen(Nonce, associatedData, expected, expectedTag, actual), name);
        VectorJson.AssertBytes(name, text, actual);
    }

    private static bool IsUntouched(byte[] room, int at, int length) =>
        room.AsSpan(0, at).IndexOfAnyExcept(Canary) < 0 && room.AsSpan(at + length).IndexOfAnyExcept(Canary) < 0;

    private static AeadKey Key(string name) => All.Single(provider => provider.Name == name).CreateKey(KeyBytes);

    private static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}

using System.Security.Cryptography;
using System.Text;
using FsCheck.Fluent;
using Kyberium.Engine.Cryptography.Sha3;

namespace Kyberium.Engine.Tests.Cryptography.Sha3;

/// <summary>Our Keccak against the platform's where it has one, against published digests, and width against width.</summary>
public sealed class Sha3Tests
{
    [Theory]
    [InlineData("", "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a")]
    [InlineData("abc", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532")]
    public void Sha3_256_gives_published_digests(string text, string digest)
    {
        var output = new byte[32];
        Sha3Hash.Hash256(Encoding.ASCII.GetBytes(text), output);
        Assert.Equal(digest, Convert.ToHexStringLower(output));
    }

    [Theory]
    [InlineData("", "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26")]
    [InlineData("abc", "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0")]
    public void Sha3_512_gives_published_digests(string text, string digest)
    {
        var output = new byte[64];
        Sha3Hash.Hash512(Encoding.ASCII.GetBytes(text), default, output);
        Assert.Equal(digest, Convert.ToHexStringLower(output));
    }

    [Theory]
    [InlineData("", "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")]
    public void Shake128_gives_published_output(string text, string digest)
    {
        var output = new byte[32];
        Sha3Hash.Shake128(Encoding.ASCII.GetBytes(text), default, output);
        Assert.Equal(digest, Convert.ToHexStringLower(output));
    }

    [Theory]
    [InlineData("", "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f")]
    public void Shake256_gives_published_output(string text, string digest)
    {
        var output = new byte[32];
        Sha3Hash.Shake256(Encoding.ASCII.GetBytes(text), default, output);
        Assert.Equal(digest, Convert.ToHexStringLower(output));
    }

    // Every input length across three blocks of each rate, so that each padding position occurs.
    [Fact]
    public void All_input_lengths_agree_with_the_platform()
    {
        Assert.Equal(SHA3_256.IsSupported, System.Security.Cryptography.Shake128.IsSupported);
        if (!SHA3_256.IsSupported)
        {
            return;   // the published digests above still bind
        }

        byte[] ours = new byte[64], platform = new byte[64];
        for (var length = 0; length <= 3 * Sponge.Shake128Rate; length++)
        {
            var input = RandomNumberGenerator.GetBytes(length);
            Sha3Hash.Hash256(input, ours);
            VectorJson.AssertBytes($"SHA3-256 of {length}", SHA3_256.HashData(input), ours.AsSpan(0, 32));
            Sha3Hash.Hash512(input, default, ours);
            VectorJson.AssertBytes($"SHA3-512 of {length}", SHA3_512.HashData(input), ours);
            Sha3Hash.Shake128(input, default, ours);
            System.Security.Cryptography.Shake128.HashData(input, platform);
            VectorJson.AssertBytes($"SHAKE128 of {length}", platform, ours);
            Sha3Hash.Shake256(input, default, ours);
            System.Security.Cryptography.Shake256.HashData(input, platform);
            VectorJson.AssertBytes($"SHAKE256 of {length}", platform, ours);
        }
    }

    [Fact]
    public void Pieces_of_any_size_give_the_same_output_as_one() => Check(pieces =>
    {
        var whole = new byte[700];
        var piecewise = new byte[700];
        Sha3Hash.Shake128(pieces.SelectMany(piece => piece).ToArray(), default, whole);
        var sponge = Sponge.Shake128();
        foreach (var piece in pieces)
        {
            sponge.Absorb(piece);
        }

        var at = 0;
        foreach (var piece in pieces.Where(piece => at + piece.Length <= piecewise.Length))
        {
            sponge.Squeeze(piecewise.AsSpan(at, piece.Length));
            at += piece.Length;
        }

        sponge.Squeeze(piecewise.AsSpan(at));
        return whole.AsSpan().SequenceEqual(piecewise);
    });

    [Fact]
    public void A_sponge_takes_no_input_after_output()
    {
        var sponge = Sponge.Shake128();
        sponge.Squeeze(new byte[1]);
        Assert.Throws<InvalidOperationException>(() => sponge.Absorb(new byte[1]));
    }

    [Fact]
    public void A_cleared_sponge_forgets_its_input()
    {
        byte[] first = new byte[32], second = new byte[32];
        foreach (var (input, output) in new[] { (1, first), (2, second) })
        {
            var sponge = Sponge.Shake256();
            sponge.Absorb([(byte)input]);
            sponge.Squeeze(new byte[8]);
            sponge.Clear();
            sponge.Squeeze(output);
        }

        Assert.Equal(first, second);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Interleaved_states_are_permuted_like_single_ones(int width)
    {
        if (KeccakBatch.Widest.WidthFor(width) != width)
        {
            Assert.False(width == 4 ? KeccakPermutationX4.IsSupported : KeccakPermutationX8.IsSupported);
            return;   // this processor has no vectors that wide
        }

        Span<ulong> states = stackalloc ulong[KeccakPermutation.LaneCount * width];
        Span<ulong> single = stackalloc ulong[KeccakPermutation.LaneCount];
        for (var round = 0; round < 100; round++)
        {
            RandomNumberGenerator.Fill(System.Runtime.InteropServices.MemoryMarshal.AsBytes(states));
            var before = states.ToArray();
            KeccakBatch.Permute(states, width);
            for (var state = 0; state < width; state++)
            {
                for (var lane = 0; lane < single.Length; lane++)
                {
                    single[lane] = before[(lane * width) + state];
                }

                KeccakPermutation.Permute(single);
                for (var lane = 0; lane < single.Length; lane++)
                {
                    Assert.Equal(single[lane], states[(lane * width) + state]);
                }
            }
        }
    }

    private static void Check(Func<byte[][], bool> claim)
    {
        var pieces = Gen.ArrayOf(Gen.Choose(0, 400).SelectMany(size => Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b), size)));
        FsCheck.Check.One(FsCheck.Config.QuickThrowOnFailure, Prop.ForAll(pieces.ToArbitrary(), claim));
    }
}

using System.Security.Cryptography;
using System.Text;
using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Tests.Sessions.Handshake;

/// <summary>What published vectors do not show of the symmetric state: names of every length, long inputs, and its end.</summary>
public sealed class SymmetricStateTests
{
    // The Noise Protocol Framework, revision 34, section 5.2, InitializeSymmetric.
    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    public void A_name_of_at_most_64_bytes_is_padded_and_a_longer_one_hashed(int length)
    {
        var name = new string('n', length);
        using var state = new SymmetricState(name);
        var bytes = Encoding.ASCII.GetBytes(name);
        Assert.Equal(length <= 64 ? [.. bytes, .. new byte[64 - length]] : SHA512.HashData(bytes), state.HandshakeHash.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_984)]
    [InlineData(1_985)]
    [InlineData(70_000)]
    public void Hashes_are_mixed_with_data_of_any_length(int length)
    {
        using var state = new SymmetricState("n");
        var before = state.HandshakeHash.ToArray();
        var data = new SeededEntropy(1).Bytes(length);
        state.MixHash(data);
        Assert.Equal(SHA512.HashData((byte[])[.. before, .. data]), state.HandshakeHash.ToArray());
    }

    [Fact]
    public void Nothing_is_done_with_a_state_that_is_disposed()
    {
        var state = new SymmetricState("n");
        state.MixKey(new byte[32]);
        state.Dispose();
        Assert.Throws<ObjectDisposedException>(() => state.MixHash([1]));
        Assert.Throws<ObjectDisposedException>(() => state.MixKey([1]));
        Assert.Throws<ObjectDisposedException>(() => state.MixKeyAndHash([1]));
        Assert.Throws<ObjectDisposedException>(() => state.Split());
        Assert.Throws<ObjectDisposedException>(() => state.Clone());
    }
}

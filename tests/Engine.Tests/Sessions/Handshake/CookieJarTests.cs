using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Tests.Sessions.Handshake;

public sealed class CookieJarTests
{
    private static readonly byte[] Source = [10, 0, 0, 1, 0x1f, 0x90];
    private static readonly byte[] Message1 = [.. Enumerable.Range(0, 200).Select(i => (byte)i)];
    private readonly SeededEntropy _entropy = new(11);

    [Fact]
    public void Cookie_is_the_documented_hmac()
    {
        var secret = _entropy.Bytes(32);
        using var jar = new CookieJar(secret, 0);
        var expected = System.Security.Cryptography.HMACSHA256.HashData(
            secret, (byte[])[.. Source, .. System.Security.Cryptography.SHA256.HashData(Message1)]);
        Assert.Equal(expected, Bake(jar));
    }

    [Fact]
    public void Cookie_holds_for_its_source_and_msg1_only()
    {
        using var jar = new CookieJar(_entropy.Bytes(32), 0);
        var cookie = Bake(jar);
        Assert.True(jar.IsGenuine(Source, Message1, cookie, 1));
        Assert.False(jar.IsGenuine([10, 0, 0, 2, 0x1f, 0x90], Message1, cookie, 1));
        Assert.False(jar.IsGenuine(Source, Message1.AsSpan(1), cookie, 1));
        for (var bit = 0; bit < 256; bit++)
        {
            var changed = (byte[])cookie.Clone();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(jar.IsGenuine(Source, Message1, changed, 1), $"bit {bit}");
        }

        Assert.False(jar.IsGenuine(Source, Message1, cookie.AsSpan(0, 31), 1));
    }

    [Fact]
    public void Cookie_outlives_one_change_of_secret_but_not_two()
    {
        using var jar = new CookieJar(_entropy.Bytes(32), 0);
        var cookie = Bake(jar);
        Assert.False(jar.IsStale(119_999));
        Assert.True(jar.IsStale(120_000));
        jar.Rotate(_entropy.Bytes(32), 120_000);
        Assert.True(jar.IsGenuine(Source, Message1, cookie, 239_999));
        Assert.False(jar.IsGenuine(Source, Message1, cookie, 240_000));
        jar.Rotate(_entropy.Bytes(32), 240_000);
        Assert.False(jar.IsGenuine(Source, Message1, cookie, 240_000));
    }

    [Fact]
    public void Secret_nobody_changed_stops_counting()
    {
        using var jar = new CookieJar(_entropy.Bytes(32), 0);
        var cookie = Bake(jar);
        Assert.True(jar.IsGenuine(Source, Message1, cookie, 239_999));
        Assert.False(jar.IsGenuine(Source, Message1, cookie, 240_000));
        jar.Rotate(_entropy.Bytes(32), 300_000);
        Assert.False(jar.IsGenuine(Source, Message1, cookie, 300_000));
    }

    [Theory]
    [InlineData(239_999, true)]
    [InlineData(240_000, false)]
    public void Secret_changed_late_stays_accepted_within_two_lives_only(long changedAt, bool accepted)
    {
        using var jar = new CookieJar(_entropy.Bytes(32), 0);
        var cookie = Bake(jar);
        jar.Rotate(_entropy.Bytes(32), changedAt);
        Assert.Equal(accepted, jar.IsGenuine(Source, Message1, cookie, changedAt));
        Assert.True(jar.IsGenuine(Source, Message1, Bake(jar), changedAt));
    }

    [Fact]
    public void Source_of_64_bytes_is_the_longest()
    {
        using var jar = new CookieJar(_entropy.Bytes(32), 0);
        var cookie = new byte[32];
        jar.Bake(new byte[64], Message1, cookie);
        Assert.True(jar.IsGenuine(new byte[64], Message1, cookie, 0));
        Assert.Throws<ArgumentOutOfRangeException>("source", () => jar.Bake(new byte[65], Message1, cookie));
    }

    [Fact]
    public void Ages_count_from_when_the_secret_was_made()
    {
        using var jar = new CookieJar(_entropy.Bytes(32), 1_000_000);
        var cookie = Bake(jar);
        Assert.False(jar.IsStale(1_119_999));
        Assert.True(jar.IsStale(1_120_000));
        jar.Rotate(_entropy.Bytes(32), 1_120_000);
        Assert.True(jar.IsGenuine(Source, Message1, cookie, 1_120_000));
        Assert.False(jar.IsStale(1_239_999));
    }

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    public void Secret_has_32_bytes(int length)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new CookieJar(new byte[length], 0));
        using var jar = new CookieJar(new byte[32], 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => jar.Rotate(new byte[length], 0));
    }

    [Fact]
    public void Closed_jar_bakes_nothing()
    {
        var jar = new CookieJar(_entropy.Bytes(32), 0);
        var cookie = Bake(jar);
        jar.Rotate(_entropy.Bytes(32), 1);
        jar.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Bake(jar));
        Assert.Throws<ObjectDisposedException>(() => jar.IsGenuine(Source, Message1, cookie, 1));
    }

    private static byte[] Bake(CookieJar jar)
    {
        var cookie = new byte[32];
        jar.Bake(Source, Message1, cookie);
        return cookie;
    }
}

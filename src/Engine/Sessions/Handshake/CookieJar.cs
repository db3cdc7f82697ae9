using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>Cookies that show that whoever sent a msg1 also receives at its address; nothing is kept per cookie.</summary>
/// <remarks>
/// A cookie is <c>HMAC-SHA-256(secret, source ‖ SHA-256(msg1 envelope))</c>. The secret lives in this process only and
/// changes every two minutes; the one before still counts. Time is monotonic and comes in as a value. Not thread-safe.
/// </remarks>
internal sealed class CookieJar : IDisposable
{
    internal const int SecretSize = 32;

    /// <summary>How long a secret makes cookies; it is accepted for as long again.</summary>
    internal const long SecretLifeMillis = 120_000;

    /// <summary>The longest source: an address and port as the link names it.</summary>
    internal const int SourceLengthMax = 64;

    private SecretBytes _current;
    private SecretBytes? _previous;
    private long _currentSinceMillis;

    internal CookieJar(ReadOnlySpan<byte> secret, long nowMillis)
    {
        _current = Checked(secret);
        _currentSinceMillis = nowMillis;
    }

    /// <summary>Says whether <see cref="Rotate"/> is due.</summary>
    internal bool IsStale(long nowMillis) => nowMillis - _currentSinceMillis >= SecretLifeMillis;

    /// <summary>Starts a new secret. The last one stays accepted, unless it is older than two lives already.</summary>
    internal void Rotate(ReadOnlySpan<byte> freshSecret, long nowMillis)
    {
        var fresh = Checked(freshSecret);
        _previous?.Dispose();
        _previous = nowMillis - _currentSinceMillis < 2 * SecretLifeMillis ? _current : null;
        if (_previous is null)
        {
            _current.Dispose();
        }

        _current = fresh;
        _currentSinceMillis = nowMillis;
    }

    /// <summary>Writes the cookie for a msg1 envelope that came from <paramref name="source"/>.</summary>
    /// <param name="source">At most 64 bytes.</param>
    internal void Bake(ReadOnlySpan<byte> source, ReadOnlySpan<byte> message1Envelope, Span<byte> cookie) =>
        Compute(_current, source, message1Envelope, cookie);

    /// <summary>Says whether a cookie was made here, for this source and msg1, under this secret or the one before.</summary>
    internal bool IsGenuine(
        ReadOnlySpan<byte> source, ReadOnlySpan<byte> message1Envelope, ReadOnlySpan<byte> cookie, long nowMillis)
    {
        var age = nowMillis - _currentSinceMillis;
        return (age < 2 * SecretLifeMillis && Matches(_current, source, message1Envelope, cookie))
            || (age < SecretLifeMillis && _previous is not null && Matches(_previous, source, message1Envelope, cookie));
    }

    public void Dispose()
    {
        _current.Dispose();
        _previous?.Dispose();
    }

    private static bool Matches(
        SecretBytes secret, ReadOnlySpan<byte> source, ReadOnlySpan<byte> message1Envelope, ReadOnlySpan<byte> cookie)
    {
        Span<byte> expected = stackalloc byte[CookieChallenge.CookieSize];
        Compute(secret, source, message1Envelope, expected);
        return CryptographicOperations.FixedTimeEquals(expected, cookie);
    }

    private static void Compute(
        SecretBytes secret, ReadOnlySpan<byte> source, ReadOnlySpan<byte> message1Envelope, Span<byte> cookie)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(source.Length, SourceLengthMax, nameof(source));
        Span<byte> input = stackalloc byte[SourceLengthMax + SHA256.HashSizeInBytes];
        source.CopyTo(input);
        SHA256.HashData(message1Envelope, input[source.Length..]);
        HMACSHA256.HashData(secret.Reveal(), input[..(source.Length + SHA256.HashSizeInBytes)], cookie);
    }

    private static SecretBytes Checked(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretSize);
        return SecretBytes.CopyOf(secret);
    }
}

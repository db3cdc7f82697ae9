using System.Text;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Links;

/// <summary>Bounds what strangers can make this side compute: messages 1 admitted per second, in all and per source.</summary>
/// <remarks>
/// A window of one handshake time-out counts what was admitted. Above half the bound a message 1 has to show a cookie, which
/// proves that its sender receives at its address; above the bound nothing is admitted.
/// </remarks>
internal sealed class HandshakeGate : IDisposable
{
    private readonly EngineScheduler _scheduler;
    private readonly HandshakeSettings _settings;
    private readonly IEntropySource _entropy;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _bySource = new(StringComparer.Ordinal);
    private readonly CookieJar _cookies;
    private long _windowBegan;
    private long _secondBegan;
    private int _admitted;
    private int _admittedThisSecond;

    internal HandshakeGate(EngineScheduler scheduler, HandshakeSettings settings, IEntropySource entropy)
    {
        _scheduler = scheduler;
        _settings = settings;
        _entropy = entropy;
        Span<byte> secret = stackalloc byte[CookieJar.SecretSize];
        entropy.Fill(secret);
        _cookies = new CookieJar(secret, scheduler.MonotonicMillis);
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(secret);
    }

    /// <summary>Counts a message 1 and says whether it may cost anything.</summary>
    internal bool Admit(string source, bool hasCookie)
    {
        lock (_lock)
        {
            var now = _scheduler.MonotonicMillis;
            RollWindow(now);
            if (now - _secondBegan >= 1_000)
            {
                _secondBegan = now;
                _admittedThisSecond = 0;
            }

            var fromSource = _bySource.GetValueOrDefault(source);
            if (_admitted >= _settings.HalfOpenMax
                || _admittedThisSecond >= _settings.AttemptsPerSecond
                || fromSource >= _settings.HalfOpenPerSourceMax
                || (!hasCookie && _admitted >= _settings.HalfOpenMax / 2))
            {
                return false;
            }

            _bySource[source] = fromSource + 1;
            _admitted++;
            _admittedThisSecond++;
            return true;
        }
    }

    /// <summary>Says whether a message 1 without a cookie would be turned away for want of one.</summary>
    internal bool DemandsCookies
    {
        get
        {
            lock (_lock)
            {
                RollWindow(_scheduler.MonotonicMillis);
                return _admitted >= _settings.HalfOpenMax / 2;
            }
        }
    }

    /// <summary>Makes the challenge that answers a message 1.</summary>
    internal byte[] Challenge(string source, in EnvelopeHeader message1, ReadOnlySpan<byte> envelope)
    {
        Span<byte> hash = stackalloc byte[CookieChallenge.MessageHashSize];
        System.Security.Cryptography.SHA256.HashData(envelope, hash);
        Span<byte> cookie = stackalloc byte[CookieChallenge.CookieSize];
        lock (_lock)
        {
            RotateIfStale();
            _cookies.Bake(SourceBytes(source), envelope, cookie);
        }

        var header = HandshakeHeaders.Challenge(message1);
        var challenge = new byte[header.EnvelopeLength];
        header.Write(challenge);
        new CookieChallenge(hash, cookie).Write(challenge.AsSpan(EnvelopeHeader.Size));
        return challenge;
    }

    internal bool IsGenuine(string source, in CookieAnswer answer)
    {
        lock (_lock)
        {
            RotateIfStale();
            return _cookies.IsGenuine(SourceBytes(source), answer.Message1Envelope, answer.Cookie, _scheduler.MonotonicMillis);
        }
    }

    public void Dispose() => _cookies.Dispose();

    private void RollWindow(long now)
    {
        if (now - _windowBegan >= _settings.Timeout.TotalMilliseconds)
        {
            _windowBegan = now;
            _admitted = 0;
            _bySource.Clear();
        }
    }

    private static byte[] SourceBytes(string source)
    {
        var bytes = Encoding.UTF8.GetBytes(source);
        return bytes.Length <= CookieJar.SourceLengthMax ? bytes : System.Security.Cryptography.SHA256.HashData(bytes);
    }

    private void RotateIfStale()
    {
        var now = _scheduler.MonotonicMillis;
        if (_cookies.IsStale(now))
        {
            Span<byte> secret = stackalloc byte[CookieJar.SecretSize];
            _entropy.Fill(secret);
            _cookies.Rotate(secret, now);
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(secret);
        }
    }
}

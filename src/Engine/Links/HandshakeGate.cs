using System.Text;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Links;

/// <summary>Bounds what strangers can make this side compute: messages 1 admitted per second, in all and per source.</summary>
/// <remarks>
/// A window of one handshake time-out counts what was admitted and did not complete. Above half the bound a message 1 has to show a cookie, which
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
    private readonly Action<int, int> _cookiesDemanded;
    private int _admitted;
    private int _admittedThisSecond;
    private bool _announced;

    /// <param name="cookiesDemanded">Hears, once in a window, that new handshakes have to show a cookie: how many are open, of how many.</param>
    internal HandshakeGate(
        EngineScheduler scheduler, HandshakeSettings settings, IEntropySource entropy, Action<int, int> cookiesDemanded)
    {
        _cookiesDemanded = cookiesDemanded;
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

    /// <summary>Gives a place free: a handshake of this source completed, so it is half open no longer.</summary>
    /// <remarks>Only who proved a pinned key gets here. One that was admitted in the window before has no place in this one; where
    /// it takes one, that is of its own source.</remarks>
    internal void Complete(string source)
    {
        lock (_lock)
        {
            RollWindow(_scheduler.MonotonicMillis);
            if (!_bySource.TryGetValue(source, out var fromSource))
            {
                return;
            }

            _admitted--;
            if (fromSource == 1)
            {
                _bySource.Remove(source);
            }
            else
            {
                _bySource[source] = fromSource - 1;
            }
        }
    }

    /// <summary>Says whether a message 1 without a cookie would be turned away for want of one.</summary>
    internal bool DemandsCookies()
    {
        int admitted;
        lock (_lock)
        {
            RollWindow(_scheduler.MonotonicMillis);
            if (_admitted < _settings.HalfOpenMax / 2)
            {
                return false;
            }

            if (_announced)
            {
                return true;
            }

            _announced = true;
            admitted = _admitted;
        }

        _cookiesDemanded(admitted, _settings.HalfOpenMax);
        return true;
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
            _announced = false;
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

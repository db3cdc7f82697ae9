namespace Kyberium.Engine.Cluster.Links;

/// <summary>Notices that the other side of a connection has fallen silent: asks whether it is there, and gives it up when no answer comes.</summary>
/// <remarks>Thread-safe. A process that was suspended asks first when it goes on, however long it slept.</remarks>
internal sealed class Pulse : IDisposable
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _delay;
    private readonly TimeSpan _timeout;
    private readonly Action _ask;
    private readonly Action _lost;
    private readonly ITimer _timer;
    private long _heardAt;
    private long? _askedAt;         // the timer's alone

    /// <summary>Listens from now on.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="delay">After how long a silence the other side is asked.</param>
    /// <param name="timeout">How long it may take to say anything at all.</param>
    /// <param name="ask">Asks.</param>
    /// <param name="lost">Gives it up.</param>
    internal Pulse(TimeProvider time, TimeSpan delay, TimeSpan timeout, Action ask, Action lost)
    {
        (_time, _delay, _timeout, _ask, _lost) = (time, delay, timeout, ask, lost);
        _heardAt = time.GetTimestamp();
        _timer = time.CreateTimer(static pulse => ((Pulse)pulse!).Beat(), this, delay, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Notes that something came, or went where nothing goes unless the other side takes it.</summary>
    internal void Heard() => Volatile.Write(ref _heardAt, _time.GetTimestamp());

    public void Dispose() => _timer.Dispose();

    private void Beat()
    {
        var (heardAt, now) = (Volatile.Read(ref _heardAt), _time.GetTimestamp());
        var silence = _time.GetElapsedTime(heardAt, now);
        if (_askedAt is { } askedAt && heardAt < askedAt)
        {
            _lost();
            return;
        }

        if (silence < _delay)
        {
            _askedAt = null;
            _timer.Change(_delay - silence, Timeout.InfiniteTimeSpan);
            return;
        }

        _askedAt = now;
        _ask();
        _timer.Change(_timeout, Timeout.InfiniteTimeSpan);
    }
}

namespace Kyberium.Engine.Sessions.Delivery;

/// <summary>How long a stream waits for an acknowledgement before it sends again: never less than the round trip that was measured.</summary>
/// <remarks>
/// RFC 6298, sections 2 and 5: the smoothed round trip and four times its variation. A message that was sent twice is not measured,
/// since its acknowledgement may be of either (Karn), and what a silence doubled stays doubled, up to <see cref="DoublingsKept"/>,
/// until a message that was sent once is acknowledged. The round trip includes the peer's flush: under load it is many times the link's.
/// </remarks>
internal struct ResendTimer
{
    /// <summary>A peer that was away for long is not waited for as long again once it answers.</summary>
    private const int DoublingsKept = 4;

    private ulong _timed;           // the message under measurement; 0: none
    private ulong _sentBefore;      // the highest number sent in this session and epoch, so what is at or below it is a repeat
    private long _timedAtMillis;
    private long _smoothedMillis;   // 0, as the variation: nothing was measured
    private long _variationMillis;

    /// <summary>Gets how often the wait has doubled since the last measurement.</summary>
    internal int Doublings { get; private set; }

    /// <summary>Gets the wait from now on, before jitter.</summary>
    internal readonly long WaitMillis(PeerLimits limits)
    {
        var measured = _smoothedMillis + (4 * _variationMillis);
        return Math.Min(limits.ResendMillisMax, Math.Max(limits.ResendMillis, measured) << Math.Min(Doublings, 16));
    }

    /// <summary>Notes that a message goes out. One at a time is measured.</summary>
    internal void Sent(ulong number, MonotonicMillis now)
    {
        if (number <= _sentBefore)
        {
            return;
        }

        _sentBefore = number;
        if (_timed == 0)
        {
            _timed = number;
            _timedAtMillis = now.Value;
        }
    }

    /// <summary>Notes that the peer has accepted more than before.</summary>
    /// <remarks>A process that was suspended measures its sleep: no round trip counts for more than the longest wait.</remarks>
    internal void Acknowledged(ulong accepted, MonotonicMillis now, PeerLimits limits)
    {
        if (_timed != 0 && accepted >= _timed)
        {
            _timed = 0;
            Measured(Math.Clamp(now.Value - _timedAtMillis, 1, limits.ResendMillisMax));
            Doublings = 0;
        }

        Doublings = Math.Min(Doublings, DoublingsKept);
    }

    /// <summary>Notes that the wait has passed in silence: what is in flight will be sent twice.</summary>
    internal void Expired()
    {
        _timed = 0;
        Doublings++;
    }

    /// <summary>A session or epoch was chosen anew: the peer is there, and all that is open goes out for the first time in it.</summary>
    internal void Restart()
    {
        _timed = 0;
        _sentBefore = 0;
        Doublings = 0;
    }

    private void Measured(long millis)
    {
        if (_smoothedMillis == 0)
        {
            _smoothedMillis = millis;
            _variationMillis = millis / 2;
            return;
        }

        _variationMillis = ((3 * _variationMillis) + Math.Abs(_smoothedMillis - millis)) / 4;
        _smoothedMillis = Math.Max(1, ((7 * _smoothedMillis) + millis) / 8);
    }
}

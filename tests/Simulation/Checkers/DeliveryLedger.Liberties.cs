using Kyberium.Engine;

namespace Kyberium.Simulation.Checkers;

/// <content>What acts of operators allow, and what they do not.</content>
internal sealed partial class DeliveryLedger
{
    // The latest copy comes two minutes late, and processes and disks take their time.
    private const long LatestAcknowledgementMicros = 150_000_000;

    private readonly Dictionary<Guid, int> _repeats = [];
    private readonly HashSet<Guid> _excused = [];
    private readonly HashSet<Guid> _expired = [];
    private readonly Dictionary<Guid, int> _streamTried = [];
    private readonly Dictionary<Guid, (long First, long Last)> _due = [];
    private readonly List<OpenAct> _open = [];
    private long _inboxLostAt;
    private int _streams;
    private int _newStreams;
    private int _rewinds;
    private int _stops;
    private bool _isSendingStopped;
    private bool _isAcceptingStopped;
    private bool _isReceiverBehind;
    private ulong _again;

    /// <summary>Gets how often this direction was disturbed: numbers of one era say nothing of another's.</summary>
    internal int Era { get; private set; }

    /// <summary>Gets or sets since when the sender's wall clock has shown a time or a later one; <see langword="null"/> when it does not.</summary>
    internal Func<long, long?> PassedSince { get; set; } = _ => null;

    /// <summary>Gets or sets how long a record that was sealed in time may be under way: in queues, copies, a process that is down.</summary>
    internal long LateMicrosMax { get; set; }

    /// <summary>Gets whether an act goes on, or may have gone on when a crash hid its end.</summary>
    internal bool IsDisturbed => _open.Count > 0;

    /// <summary>An act begins: from now on, and until its end is known, it may have its effects.</summary>
    internal OpenAct Begin(Liberty liberty)
    {
        var act = new OpenAct(this, liberty);
        _open.Add(act);
        _newStreams += liberty.HasFlag(Liberty.NewStream) ? 1 : 0;
        _rewinds += liberty.HasFlag(Liberty.Rewind) ? 1 : 0;
        _stops += liberty.HasFlag(Liberty.Rewind) ? 2 : 0;
        Allow(act);
        return act;
    }

    /// <summary>An expiry was chosen for a message that is about to be sent: the sender's wall clock, in microseconds. A repeat
    /// chooses anew, and which of the two was taken a crash may hide.</summary>
    internal void Expires(Guid operation, long wallMicros) =>
        _due[operation] = _due.TryGetValue(operation, out var before)
            ? (Math.Min(before.First, wallMicros), Math.Max(before.Last, wallMicros))
            : (wallMicros, wallMicros);

    /// <summary>The sender's audit record says that a message expired: it need not come any more.</summary>
    internal void ReportedExpired(Guid operation, long wallMicros)
    {
        if (!_tried.ContainsKey(operation))
        {
            return;     // of another direction
        }

        if (!_due.TryGetValue(operation, out var due))
        {
            Violate($"{operation} was reported as expired, though it has no expiry");
        }
        else if (Millis(wallMicros) < Millis(due.First))
        {
            Violate($"{operation} was reported as expired {(due.First - wallMicros) / 1_000} ms before its time");
        }

        _expired.Add(operation);
    }

    // Whether they were voids shows at the end: each has to be reported. What came and was not acknowledged may be void in the stream after.
    private bool MayBeVoid(ulong count) =>
        (ulong)_due.Count(due => !_places.ContainsKey(due.Key) || PassedSince(due.Value.First) is not null) >= count;

    // Expiries count whole milliseconds; a clock may stand before the world began.
    private static long Millis(long micros) => (long)Math.Floor(micros / 1_000.0);

    private void CheckExpiry(Guid operation)
    {
        if (_due.TryGetValue(operation, out var due) && PassedSince(due.Last) is { } since && world.Now - since > LateMicrosMax)
        {
            Violate($"{operation} was handed out {(world.Now - since) / 1_000_000} s after it had expired for good at its sender");
        }
    }

    private void Allow(OpenAct act)
    {
        Era++;
        AcknowledgedThrough = 0;
        _again = 0;
        _streams += act.Liberty.HasFlag(Liberty.NewStream) ? 1 : 0;
        _isReceiverBehind |= act.Liberty.HasFlag(Liberty.Rewind);
        _inboxLostAt = act.Liberty.HasFlag(Liberty.LosesAccepted) ? world.Now : _inboxLostAt;
        foreach (var operation in _tried.Keys)
        {
            if ((act.Liberty & (Liberty.RepeatsAll | Liberty.RepeatsOpen)) != 0 && act.Repeatable.Add(operation))
            {
                _repeats[operation] = _repeats.GetValueOrDefault(operation) + 1;
            }

            if ((act.Liberty.HasFlag(Liberty.LosesQueued) && !_places.ContainsKey(operation))
                || (act.Liberty.HasFlag(Liberty.LosesAccepted) && !IsDone(operation)))
            {
                _excused.Add(operation);
            }
        }
    }

    /// <summary>Gets whether a number that the sender gave means what it meant when the message was tried.</summary>
    private bool HasItsNumber(Guid operation) =>
        _streamTried[operation] == _streams && !_open.Exists(act => act.Liberty.HasFlag(Liberty.NewStream));

    /// <summary>A receiver that forgot where it stood may have acknowledged what it does not know any more: once for each act either side
    /// may notice, and stands still until its operator starts the stream anew.</summary>
    private bool MayStand(ref bool isStopped, string reason, string allowed)
    {
        var isNew = reason.Length > 0 && !isStopped;
        isStopped = reason.Length > 0;
        return !isNew || (reason == allowed && --_stops >= 0);
    }

    private bool TakeRepeat(Guid operation)
    {
        if (_repeats.TryGetValue(operation, out var left) && left > 0)
        {
            _repeats[operation] = left - 1;
            return true;
        }

        return false;
    }

    /// <summary>What the sender still holds long after the receiver lost its inbox was not lost with that: it has to come.</summary>
    private void KeepsOwing(PeerInfo info)
    {
        if (world.Now - _inboxLostAt < LatestAcknowledgementMicros)
        {
            return;     // an acknowledgement from before may be under way
        }

        var lowest = info.NextNumber - (ulong)info.OutboxCount;
        foreach (var operation in _excused.Where(operation =>
            _accepted.Contains(operation) && HasItsNumber(operation) && _numbers.TryGetValue(operation, out var number) && number >= lowest).ToList())
        {
            _excused.Remove(operation);
        }
    }

    /// <summary>An act under way in this direction.</summary>
    internal sealed class OpenAct(DeliveryLedger ledger, Liberty liberty)
    {
        internal Liberty Liberty { get; } = liberty;

        /// <summary>Gets what this act allowed to come again.</summary>
        internal HashSet<Guid> Repeatable { get; } = [];

        /// <summary>The act is over, done or not: what was sent meanwhile is under its liberties as well, what comes later is not.</summary>
        internal void End()
        {
            if (ledger._open.Contains(this))
            {
                ledger.Allow(this);
                ledger._open.Remove(this);
            }
        }
    }
}

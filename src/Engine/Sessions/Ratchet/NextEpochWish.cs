using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <summary>Who wants the next epoch, and when this side acts on it (PROTOCOL section 6).</summary>
/// <remarks>
/// A wish is a condition, not an event: age and silence are read off the state, limits and operators leave a mark on the session. As long
/// as it holds, an attempt that ended without an epoch is followed by another, with growing waits. It ends with its epoch.
/// </remarks>
internal static class NextEpochWish
{
    /// <summary>The peer that did not start the session waits a tenth longer before it starts a rekey by age.</summary>
    private const long FollowerAgeTenths = 11;

    /// <summary>An operator wants it.</summary>
    internal static PeerReply Ask(in PeerStep step)
    {
        if (step.State.Sending is not { } session)
        {
            return PeerReply.Refused(EngineErrorCode.SessionMissing);
        }

        session.IsNextWanted = true;
        Begin(step, session);
        return PeerReply.Done;
    }

    /// <summary>A record named a stream that is not known here. The greetings of the next epoch, in the session that sends, say where both sides stand.</summary>
    internal static void AskForGreeting(in PeerStep step)
    {
        if (step.State.Sending is { } session)
        {
            session.IsNextWanted = true;
            Tick(step);
        }
    }

    /// <summary>A limit of the traffic under this epoch wants it.</summary>
    internal static void Ask(in PeerStep step, ReceiverIndex index)
    {
        foreach (var session in step.State.Sessions)
        {
            session.IsNextWanted |= session.Current.LocalIndex == index;
        }

        Tick(step);
    }

    /// <summary>A caller waits for it: the epoch is at a hard limit.</summary>
    internal static PeerReply Await(in PeerStep step, ReceiverIndex index)
    {
        var state = step.State;
        if (state.Sending is not { } session || session.Current.LocalIndex != index)
        {
            return new PeerReply(null, 1);
        }

        session.IsNextWanted = true;
        state.RekeyAt = step.Now;       // somebody waits now: the growing waits are for when nobody does
        RekeyRules.Hurry(step);
        Tick(step);
        state.EpochWaitEndsAt = MonotonicMillis.Earlier(state.EpochWaitEndsAt, step.Now.After(step.Limits.HandshakeTimeoutMillis));
        return PeerReply.Done;
    }

    /// <summary>An attempt came to nothing: the next one waits, and longer each time.</summary>
    internal static void AttemptFailed(in PeerStep step)
    {
        var state = step.State;
        state.RekeyFailures++;
        state.RekeyAt = step.Now.After(step.Jitter(Math.Min(
            step.Limits.HandshakeBackoffMillisMax, step.Limits.HandshakeResendMillis << Math.Min(state.RekeyFailures, 16))));
    }

    internal static void Fulfilled(PeerState state)
    {
        state.RekeyFailures = 0;
        state.RekeyAt = default;
    }

    internal static void Tick(in PeerStep step)
    {
        if (DueAt(step).Value <= step.Now.Value)
        {
            Begin(step, step.State.Sending!);
        }

        if (step.State.EpochWaitEndsAt.Value <= step.Now.Value)
        {
            step.State.EpochWaitEndsAt = MonotonicMillis.Never;
            step.Emit(new PeerEffect.EpochWaitEnded());
        }

        if (step.State.Sending is { IsStoppedByAge: false } sending && IsPastHardAge(step, sending.Current))
        {
            sending.IsStoppedByAge = true;
            step.Emit(new PeerEffect.StopByAge(sending.Current));
        }
    }

    /// <summary>Gets when <see cref="Tick"/> has something to do.</summary>
    internal static MonotonicMillis NextTick(in PeerStep step)
    {
        var next = MonotonicMillis.Earlier(DueAt(step), step.State.EpochWaitEndsAt);
        return step.State.Sending is { IsStoppedByAge: false } sending
            ? MonotonicMillis.Earlier(next, HardAgeAt(step, sending.Current)) : next;
    }

    /// <summary>Says whether data and messages wait for the next epoch because this one is too old.</summary>
    internal static bool IsPastHardAge(in PeerStep step, EpochState epoch) => HardAgeAt(step, epoch).Value <= step.Now.Value;

    /// <summary>Gets the age at which this side starts a rekey: the session's initiator first.</summary>
    internal static long AgeLimit(in PeerStep step, SessionState session) =>
        session.IsInitiator ? step.Limits.EpochAgeMillis : step.Limits.EpochAgeMillis * FollowerAgeTenths / 10;

    /// <summary>A limit that was passed while the epoch lay in the store stops nothing before a rekey had its time: the wall clock that
    /// says so may be wrong.</summary>
    private static MonotonicMillis HardAgeAt(in PeerStep step, EpochState epoch) => epoch.AgeKnownAt.After(Math.Max(
        step.Limits.EpochAgeMillisMax - epoch.AgeMillis, Math.Min(step.Limits.UnansweredRekeyMillis, step.Limits.EpochAgeMillisMax)));

    /// <summary>Gets when this side is to start the next epoch by itself; never while its own attempt is on its way. The peer's gets
    /// the time of a handshake: it may be one that the peer itself has forgotten.</summary>
    private static MonotonicMillis DueAt(in PeerStep step)
    {
        var state = step.State;
        if (state.Sending is not { Pending: null } session || state.Handshakes is { Rekey: not null } or { AnsweringRekey: not null })
        {
            return MonotonicMillis.Never;
        }

        var current = session.Current;
        var due = session.IsNextWanted
            ? default : current.AgeKnownAt.After(Math.Max(0, AgeLimit(step, session) - current.AgeMillis));
        if (!CanRekey(step, session))
        {
            // Its identity or its pin gave way to a newer one: no rekey, but a session with that.
            return state.Handshakes?.Restart is null && state.Pins.Count > 0 ? Later(due, state.RestartAt) : MonotonicMillis.Never;
        }

        if (state.UnansweredSince is { } since && step.Now.Value - since.Value < step.Limits.UnansweredRestartMillis)
        {
            due = MonotonicMillis.Earlier(due, since.After(step.Limits.UnansweredRekeyMillis));
        }

        if (state.Handshakes?.HalfOpenRekey is { } half && half.Session == session.Id)
        {
            due = Later(due, half.AnsweredAt.After(step.Limits.HandshakeTimeoutMillis));
        }

        return Later(due, state.RekeyAt);
    }

    private static void Begin(in PeerStep step, SessionState session)
    {
        if (CanRekey(step, session))
        {
            RekeyRules.Start(step, session);
        }
        else if (step.State.Handshakes?.Restart is null && step.State.Pins.Count > 0)
        {
            SessionRules.StartWhenDue(step);
        }
    }

    /// <summary>Says whether both sides' keys of a session are still in use here.</summary>
    internal static bool CanRekey(in PeerStep step, SessionState session) =>
        step.State.IsPinned(session.Remote) && step.Context.LocalIdentities.Contains(session.Local);

    private static MonotonicMillis Later(MonotonicMillis left, MonotonicMillis right) => left.Value >= right.Value ? left : right;
}

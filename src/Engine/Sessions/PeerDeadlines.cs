using Kyberium.Engine.Sessions.Ratchet;

namespace Kyberium.Engine.Sessions;

/// <summary>Finds when a peer's machine next has something to do by itself.</summary>
internal static class PeerDeadlines
{
    internal static MonotonicMillis Next(PeerState state, in PeerStep step)
    {
        var next = state.Outgoing.ResendAt;
        var now = step.Now;
        if (state.NextExpiry is { } expiry)
        {
            Consider(ref next, now.After(Math.Max(0, expiry.Value - step.Wall.Value)));
        }

        if (state.Sending is null && state.Outgoing.Count > 0 && state.Handshakes?.Restart is null && !state.Suspended
            && state.Pins.Count > 0)
        {
            Consider(ref next, state.RestartAt);
        }

        foreach (var session in state.Sessions)
        {
            Consider(ref next, session.PreviousDropAt);
            Consider(ref next, session.RetireAt);
            Consider(ref next, session.ConfirmResendAt);
        }

        if (state.Handshakes is { } handshakes)
        {
            foreach (var half in handshakes.HalfOpen)
            {
                Consider(ref next, half.ExpiresAt);
            }

            if (handshakes.HalfOpenRekey is { } rekey)
            {
                Consider(ref next, rekey.ExpiresAt);
            }

            ConsiderAttempt(ref next, handshakes.Restart, step.Limits.HandshakeTimeoutMillis);
            ConsiderAttempt(ref next, handshakes.Rekey, step.Limits.UnansweredRekeyMillis);
        }

        Consider(ref next, NextEpochWish.NextTick(step));
        if (state.Sending is not null && state.UnansweredSince is { } since && state.Handshakes?.Restart is null)
        {
            var restart = since.After(state.RestartAfterMillis(step.Limits));
            Consider(ref next, restart.Value > state.RestartAt.Value ? restart : state.RestartAt);
        }

        return next;
    }

    private static void ConsiderAttempt(ref MonotonicMillis next, OwnAttempt? attempt, long timeoutMillis)
    {
        if (attempt is not null)
        {
            Consider(ref next, attempt.StartedAt.After(timeoutMillis));
            Consider(ref next, attempt.ResendAt);
        }
    }

    private static void Consider(ref MonotonicMillis next, MonotonicMillis other) =>
        next = MonotonicMillis.Earlier(next, other);
}

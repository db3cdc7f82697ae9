using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <summary>The handshake of kind 0: makes a session (PROTOCOL section 2).</summary>
internal static partial class SessionRules
{
    /// <summary>Sessions under one peer: the one that sends, and those that still open.</summary>
    internal const int SessionCountMax = 4;

    private const int FinishFailuresMax = 8;
    private const int AnsweringCountMax = 4;

    internal static PeerReply Connect(in PeerStep step, PeerCommand.Connect command)
    {
        if (step.State.Suspended)
        {
            return PeerReply.Refused(EngineErrorCode.PeerSuspended);
        }

        if (step.State.Sending is not null && !command.Fresh)
        {
            return new PeerReply(null, 1);
        }

        return step.State.Handshakes?.Restart is not null || TryStart(step)
            ? PeerReply.Done
            : PeerReply.Refused(EngineErrorCode.PolicyForbids);
    }

    /// <summary>Starts an attempt, unless the last one failed just now. What cannot start waits as long as what failed.</summary>
    internal static void StartWhenDue(in PeerStep step)
    {
        var state = step.State;
        if (state.RestartAt.Value <= step.Now.Value && !TryStart(step))
        {
            if (state.RestartFailures == 0)
            {
                step.Report(PeerReport.SessionRefused, state.Pins.Count == 0 ? "no document is pinned" : "policy, document and identity have no suite in common");
            }

            state.RestartFailures++;        // no suite in common, or no pin: an operator has to change something
            state.RestartAt = step.Now.After(step.Limits.HandshakeBackoffMillisMax);
        }
    }

    /// <summary>Starts an attempt at a new session. While an identity or a pin is being replaced, attempts take turns
    /// between the old and the new, since the peer may know either; while both are, through all four pairs.</summary>
    private static bool TryStart(in PeerStep step)
    {
        var state = step.State;
        if (state.Pins.Count == 0)
        {
            return false;
        }

        var turn = state.RestartFailures;
        var local = step.Context.LocalIdentities[turn % step.Context.LocalIdentities.Count];
        var remote = state.Pins[state.Pins.Count - 1 - (turn / step.Context.LocalIdentities.Count % state.Pins.Count)];
        if (step.Context.ChooseSuite(local, remote) is not { } suite)
        {
            return false;
        }

        var task = new HandshakeTask.Start(suite, local, remote, Base: null);
        step.Handshakes.Restart = new OwnAttempt
        {
            Suite = suite,
            Local = local,
            Remote = remote.Fingerprint,
            StartedAt = step.Now,
            SendingAtStart = state.Sending?.Id,
            Baseline = step.Baseline(),
            Computing = task,
        };
        step.Emit(new PeerEffect.Compute(task));
        return true;
    }

    /// <summary>Keeps a session with a peer that cannot call, and asks for a call in it.</summary>
    internal static void Knock(in PeerStep step)
    {
        if (step.State.Suspended || step.State.Addresses.Count == 0)
        {
            return;     // without an address there is nobody to call: neither a record nor a handshake would go anywhere
        }

        if (step.State.Sending is { } session)
        {
            step.Emit(new PeerEffect.Knock(session.Current));
        }
        else if (step.State.Pins.Count > 0 && step.State.Handshakes?.Restart is null)
        {
            StartWhenDue(step);
        }
    }

    internal static void Started(in PeerStep step, OwnAttempt attempt, HandshakeResult result)
    {
        attempt.Computing = null;
        if (result is not HandshakeResult.Started started)
        {
            Fail(step, attempt);
            return;
        }

        attempt.Handshake = started.Handshake;
        attempt.Message1 = started.Message1;
        attempt.LocalIndex = started.LocalIndex;
        step.Emit(new PeerEffect.ListenHandshake(started.LocalIndex));
        Resend(step, attempt);
    }

    internal static void Message2(in PeerStep step, PeerCommand.Handshake2 command)
    {
        if (step.State.Handshakes?.Restart is { Handshake: { } handshake, Computing: null, Confirming: null } attempt
            && attempt.LocalIndex == command.Index && attempt.Failures < FinishFailuresMax)
        {
            var task = new HandshakeTask.Finish(handshake, command.Envelope);
            attempt.Computing = task;
            step.Emit(new PeerEffect.Compute(task));
        }
    }

    internal static void Finished(in PeerStep step, OwnAttempt attempt, HandshakeResult result)
    {
        attempt.Computing = null;
        if (result is not HandshakeResult.Finished finished)
        {
            attempt.Failures++;     // nothing unauthenticated ends the attempt: the next resend grants new tries
            return;
        }

        attempt.Confirming = EpochState.Of(finished.Epoch, isInitiator: true, attempt.Suite, step.Now);
        attempt.ConfirmingSession = finished.Epoch.Session;
        attempt.Sends = 0;
        step.Emit(new PeerEffect.Listen(attempt.Confirming));
        step.Emit(new PeerEffect.Watch(attempt.Confirming));
        GreetingRules.Judge(step, finished.Greeting, attempt.Baseline);
        Resend(step, attempt);
    }

    /// <summary>The peer used the keys of one's own attempt: it has committed, so this side does.</summary>
    internal static SessionState Commit(in PeerStep step, OwnAttempt attempt)
    {
        var epoch = attempt.Confirming!;
        step.Handshakes.Restart = null;
        attempt.Handshake?.Dispose();
        step.Emit(new PeerEffect.ForgetHandshake(attempt.LocalIndex));
        return Establish(
            step, epoch, attempt.ConfirmingSession, attempt.Suite, attempt.Local, attempt.Remote, attempt.SendingAtStart);
    }

    internal static void Answer(in PeerStep step, EpochState epoch) =>
        step.Seal(epoch, EnvelopeType.Confirm, new ConfirmPayload(GreetingRules.Make(step.State)).Encode());

    internal static void Tick(in PeerStep step)
    {
        if (step.State.Handshakes is { } handshakes)
        {
            for (var i = handshakes.HalfOpen.Count - 1; i >= 0; i--)
            {
                if (handshakes.HalfOpen[i].ExpiresAt.Value <= step.Now.Value)
                {
                    step.Emit(new PeerEffect.Forget(handshakes.HalfOpen[i].Epoch));
                    handshakes.HalfOpen.RemoveAt(i);
                }
            }

            if (handshakes.Restart is { } attempt)
            {
                if (step.Now.Value - attempt.StartedAt.Value >= step.Limits.HandshakeTimeoutMillis)
                {
                    Fail(step, attempt);
                }
                else if (attempt.ResendAt.Value <= step.Now.Value)
                {
                    Resend(step, attempt);
                }
            }
        }

        foreach (var session in step.State.Sessions.ToArray())
        {
            if (session.RetireAt.Value <= step.Now.Value)
            {
                Retire(step, session);
                RekeyRules.SayUsed(step);
            }
        }
    }

    private static void Resend(in PeerStep step, OwnAttempt attempt)
    {
        attempt.Sends++;
        attempt.Failures = 0;
        attempt.ResendAt = step.Now.After(step.Jitter(step.Limits.HandshakeResendMillis << Math.Min(attempt.Sends - 1, 4)));
        if (attempt.Confirming is { } epoch)
        {
            Answer(step, epoch);
        }
        else if (attempt.Handshake is not null)
        {
            step.Emit(new PeerEffect.Transmit(attempt.Message1));
        }
    }

    private static void Fail(in PeerStep step, OwnAttempt attempt)
    {
        var state = step.State;
        DropAttempt(step, attempt);
        var wait = Math.Min(
            step.Limits.HandshakeBackoffMillisMax, step.Limits.HandshakeBackoffMillis << Math.Min(state.RestartFailures, 16));
        state.RestartFailures++;
        state.RestartAt = step.Now.After(step.Jitter(wait));
        step.Report(PeerReport.HandshakeFailed, $"no answer from {attempt.Remote}");
        step.Emit(new PeerEffect.ConnectSettled(EngineErrorCode.HandshakeTimedOut));
    }

    private static void DropAttempt(in PeerStep step, OwnAttempt attempt)
    {
        step.Handshakes.Restart = null;
        attempt.Handshake?.Dispose();
        if (attempt.Handshake is not null)
        {
            step.Emit(new PeerEffect.ForgetHandshake(attempt.LocalIndex));
        }

        if (attempt.Confirming is { } epoch)
        {
            step.Emit(new PeerEffect.Forget(epoch));
        }
    }

    /// <summary>A pin is going: what was begun with its key ends.</summary>
    internal static void AbandonHandshakesWith(in PeerStep step, Fingerprint remote)
    {
        if (step.State.Handshakes is not { } handshakes)
        {
            return;
        }

        handshakes.Answering.RemoveAll(answering => answering.Remote == remote);
        for (var i = handshakes.HalfOpen.Count - 1; i >= 0; i--)
        {
            if (handshakes.HalfOpen[i].Remote == remote)
            {
                step.Emit(new PeerEffect.Forget(handshakes.HalfOpen[i].Epoch));
                handshakes.HalfOpen.RemoveAt(i);
            }
        }

        if (handshakes.Restart is { } attempt && attempt.Remote == remote)
        {
            DropAttempt(step, attempt);
            step.Emit(new PeerEffect.ConnectSettled(EngineErrorCode.SessionMissing));
        }
    }

    private static void AbandonAll(in PeerStep step)
    {
        if (step.State.Handshakes is not { } handshakes)
        {
            return;
        }

        foreach (var half in handshakes.HalfOpen)
        {
            step.Emit(new PeerEffect.Forget(half.Epoch));
        }

        handshakes.HalfOpen.Clear();
        handshakes.Answering.Clear();
        if (handshakes.Restart is { } attempt)
        {
            DropAttempt(step, attempt);
            step.Emit(new PeerEffect.ConnectSettled(EngineErrorCode.SessionMissing));
        }

        foreach (var session in step.State.Sessions)
        {
            RekeyRules.Abandon(step, session);
        }
    }
}

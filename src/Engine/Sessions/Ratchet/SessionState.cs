using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <summary>The key state of one handshake with a peer and its rekeys.</summary>
/// <remarks>
/// <code>
///             rekey, initiator:  Current n ──msg2──▶ + Pending n+1 ──opens under n+1──▶ Current n+1, Previous n ──180 s──▶
///             rekey, responder:  Current n ──confirm opens──▶ Current n+1, Previous n ──peer settles, 180 s──▶
/// </code>
/// </remarks>
internal sealed class SessionState
{
    private Confirmation? _confirm;
    private SessionId _sendingAtStart;

    internal required SessionId Id { get; init; }

    internal required bool IsInitiator { get; init; }

    internal required Suite Suite { get; init; }

    /// <summary>Gets the fingerprint of this side's identity in this session.</summary>
    internal required Fingerprint Local { get; init; }

    /// <summary>Gets the fingerprint of the peer's identity in this session.</summary>
    internal required Fingerprint Remote { get; init; }

    internal required EpochState Current { get; set; }

    /// <summary>Gets or sets the epoch this initiator has made and not yet seen the peer use.</summary>
    internal EpochState? Pending { get; set; }

    /// <summary>Gets or sets the epoch before the current one, kept for opening only.</summary>
    internal EpochState? Previous { get; set; }

    /// <summary>Gets or sets whether another session succeeded this one: it opens only, until the peer uses the other.</summary>
    internal bool Superseded { get; set; }

    /// <summary>Gets or sets whether the peer began this session and was not yet seen to use it: it may have lost it in a crash before
    /// it was answered. Nothing but the answer was ever sealed in it then that the peer could open.</summary>
    internal bool Unproved { get; set; }

    // Volatile: restarted when the peer is loaded.

    /// <summary>Gets or sets when the confirm of the pending epoch is sent again.</summary>
    internal MonotonicMillis ConfirmResendAt
    {
        get => _confirm?.ResendAt ?? MonotonicMillis.Never;
        set => Confirm(unlessNew: value == MonotonicMillis.Never)?.ResendAt = value;
    }

    internal int ConfirmSends
    {
        get => _confirm?.Sends ?? 0;
        set => Confirm(unlessNew: value == 0)?.Sends = value;
    }

    /// <summary>Gets or sets since when the pending epoch's confirm has gone unanswered; the peer may have lost its half.</summary>
    internal MonotonicMillis ConfirmSince
    {
        get => _confirm?.Since ?? MonotonicMillis.Never;
        set => Confirm(unlessNew: value == MonotonicMillis.Never)?.Since = value;
    }

    internal GreetingBaseline ConfirmBaseline
    {
        get => _confirm?.Baseline ?? default;
        set => Confirm(unlessNew: value == default)?.Baseline = value;
    }

    /// <summary>Gets or sets whether a limit or an operator wants the epoch after the current one. It stays until there is one: an
    /// attempt that came to nothing is followed by another.</summary>
    internal bool IsNextWanted { get; set; }

    /// <summary>Gets or sets whether the current epoch is past its hard limit of age, and the traffic was told.</summary>
    internal bool IsStoppedByAge { get; set; }

    /// <summary>Gets or sets when the previous epoch is dropped.</summary>
    internal MonotonicMillis PreviousDropAt { get; set; } = MonotonicMillis.Never;

    /// <summary>Gets or sets whether this session, which the peer started over another, waits to be seen in use before
    /// anything is sealed in it: until then the peer may lose it in a crash.</summary>
    internal bool AwaitsUse { get; set; }

    /// <summary>Gets or sets the session that new records were sealed in when this one was begun.</summary>
    internal SessionId? SendingAtStart
    {
        get => _sendingAtStart.IsZero ? null : _sendingAtStart;
        set => _sendingAtStart = value ?? default;
    }

    /// <summary>Gets or sets when a superseded session is retired.</summary>
    internal MonotonicMillis RetireAt { get; set; } = MonotonicMillis.Never;

    internal Fingerprint InitiatorFingerprint => IsInitiator ? Local : Remote;

    internal IEnumerable<EpochState> Epochs
    {
        get
        {
            yield return Current;
            if (Pending is not null)
            {
                yield return Pending;
            }

            if (Previous is not null)
            {
                yield return Previous;
            }
        }
    }

    // Most sessions never confirm a rekey of their own.
    private Confirmation? Confirm(bool unlessNew) => unlessNew ? _confirm : _confirm ??= new Confirmation();

    private sealed class Confirmation
    {
        internal MonotonicMillis ResendAt { get; set; } = MonotonicMillis.Never;

        internal MonotonicMillis Since { get; set; } = MonotonicMillis.Never;

        internal int Sends { get; set; }

        internal GreetingBaseline Baseline { get; set; }
    }
}

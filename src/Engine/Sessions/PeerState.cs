using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions;

/// <summary>Everything durable that is known of one peer, and the volatile work in progress with it.</summary>
/// <remarks>Only <see cref="PeerMachine"/> changes it, by <c>Apply</c>; one writer, the shard's turn.</remarks>
internal sealed class PeerState
{
    /// <summary>How many acts' ids are remembered.</summary>
    internal const int PerformedCountMax = 32;

    private MonotonicMillis _rekeyUnansweredSince = MonotonicMillis.Never;
    private MonotonicMillis _sendingDoubtedSince = MonotonicMillis.Never;

    internal PeerState(PeerKey key) => Key = key;

    internal PeerKey Key { get; }

    /// <summary>Gets or sets whether the peer exists: <see langword="false"/> before it is added and after it is forgotten.</summary>
    internal bool Exists { get; set; }

    internal bool Suspended { get; set; }

    /// <summary>Gets or sets whether queued messages wait for an operator after an unchained handshake.</summary>
    internal bool Held { get; set; }

    /// <summary>Gets or sets the pinned public documents: one, or the old and the new while the new is unproved.</summary>
    internal IReadOnlyList<Pin> Pins { get; set; } = [];

    /// <summary>Gets the fingerprints that were given up since the last snapshot: the next one deletes their documents' rows.</summary>
    internal List<Fingerprint>? StalePins { get; set; }

    internal IReadOnlyList<string> Addresses { get; set; } = [];

    /// <summary>Gets or sets the template's name and version and the policy's canonical bytes, frozen when they were set.</summary>
    internal FrozenPolicy Policy { get; set; } = FrozenPolicy.None;

    /// <summary>Gets or sets the store generation this peer's delivery was last reset for (docs/formats/journal.md).</summary>
    internal uint Generation { get; set; }

    /// <summary>The ids of operators' acts done of late, newest last; bounded.</summary>
    internal ShortList<Guid> Performed;

    internal List<SessionState> Sessions { get; } = new(1);

    /// <summary>Gets or sets the session new records are sealed in.</summary>
    internal SessionState? Sending { get; set; }

    internal OutgoingStream Outgoing { get; } = new();

    internal IncomingStream Incoming { get; } = new();

    /// <summary>Gets the handshakes in progress; allocated when the first one starts, dropped when the last one ends.</summary>
    internal Handshakes? Handshakes { get; set; }

    // Volatile.

    internal int RestartFailures { get; set; }

    /// <summary>Gets or sets when the next attempt at a session may start by itself.</summary>
    internal MonotonicMillis RestartAt { get; set; }

    internal int RekeyFailures { get; set; }

    /// <summary>Gets or sets when the next attempt at a rekey may start by itself.</summary>
    internal MonotonicMillis RekeyAt { get; set; }

    /// <summary>Gets or sets until when callers wait for an epoch that is at a hard limit to be followed by the next.</summary>
    internal MonotonicMillis EpochWaitEndsAt { get; set; } = MonotonicMillis.Never;

    /// <summary>Gets or sets since when a carrier or a rekey's confirm has gone unanswered in the session that sends.</summary>
    internal MonotonicMillis? RekeyUnansweredSince
    {
        get => MonotonicMillis.Known(_rekeyUnansweredSince);
        set => _rekeyUnansweredSince = value ?? MonotonicMillis.Never;
    }

    /// <summary>Gets or sets since when the peer may have lost the session that sends, and volatile records would never show it: it was seen to
    /// use another, and not that one, or it began that one and was not yet seen to use it.</summary>
    internal MonotonicMillis? SendingDoubtedSince
    {
        get => MonotonicMillis.Known(_sendingDoubtedSince);
        set => _sendingDoubtedSince = value ?? MonotonicMillis.Never;
    }

    /// <summary>Gets or sets the earliest expiry of a message in the outbox.</summary>
    internal UnixMillis? NextExpiry { get; set; }

    /// <summary>Gets since when anything sent has gone unanswered.</summary>
    internal MonotonicMillis? UnansweredSince =>
        Earlier(Outgoing.UnansweredSince, Earlier(RekeyUnansweredSince, SendingDoubtedSince));

    /// <summary>The peer was heard in the session that sends, or another took its place.</summary>
    internal void NothingIsUnanswered()
    {
        Outgoing.UnansweredSince = null;
        RekeyUnansweredSince = null;
        SendingDoubtedSince = null;
    }

    /// <summary>Doubts the session that sends from now on, if the peer began it and was never seen to use it.</summary>
    internal void DoubtUnproved(MonotonicMillis now)
    {
        if (Sending is { Unproved: true })
        {
            SendingDoubtedSince ??= now;
        }
    }

    /// <summary>Gets how long what was sent may stay unanswered before a new session is tried. A session that the peer began and was never
    /// seen to use it has most likely lost in a crash; it has nothing to lose then by another, unless a policy wants an operator asked.</summary>
    internal long RestartAfterMillis(PeerLimits limits) =>
        Sending is { Unproved: true } && limits.Unchained == UnchainedHandshake.Allow
            ? Math.Min(limits.HandshakeTimeoutMillis, limits.UnansweredRestartMillis)
            : limits.UnansweredRestartMillis;

    internal Pin? PinOf(Fingerprint fingerprint)
    {
        foreach (var pin in Pins)
        {
            if (pin.Fingerprint == fingerprint)
            {
                return pin;
            }
        }

        return null;
    }

    /// <summary>Gives the pin's own copy of an equal fingerprint, so that a session keeps none.</summary>
    internal Fingerprint Shared(Fingerprint fingerprint) => PinOf(fingerprint)?.Fingerprint ?? fingerprint;

    /// <summary>Goes on with these pins. What gives way to them has a row to be deleted.</summary>
    internal void PinOnly(Func<Pin, bool> stays)
    {
        foreach (var pin in Pins.Where(pin => !stays(pin)))
        {
            (StalePins ??= []).Add(pin.Fingerprint);
        }

        Pins = [.. Pins.Where(stays)];
    }

    private static MonotonicMillis? Earlier(MonotonicMillis? left, MonotonicMillis? right) =>
        left is { } one && right is { } other ? MonotonicMillis.Earlier(one, other) : left ?? right;

    internal bool IsPinned(Fingerprint fingerprint) => PinOf(fingerprint) is not null;

    /// <summary>Erases every secret it holds: nothing is decided for it any more.</summary>
    internal void Erase()
    {
        foreach (var epoch in Sessions.SelectMany(static session => session.Epochs))
        {
            epoch.Secrets.Dispose();
        }

        Handshakes?.Erase();
    }
}

/// <summary>A public document the peer is known by.</summary>
/// <param name="Fingerprint">SHA-384 of the document.</param>
/// <param name="Document">The document's bytes, already checked; empty once they lie in a row of their own, which handshakes read.</param>
/// <param name="Proved">Whether a handshake with its key has completed.</param>
internal sealed record Pin(Fingerprint Fingerprint, ReadOnlyMemory<byte> Document, bool Proved)
{
    /// <summary>Gets the suites the document has keys for.</summary>
    internal SuiteSet Suites { get; init; } = PublicDocument.SuitesOf(Document.Span);
}

/// <summary>A policy as it was when it was frozen into the peer's state.</summary>
/// <param name="TemplateId">The template's id.</param>
/// <param name="TemplateVersion">The template's version.</param>
/// <param name="Encoded">The policy's canonical bytes (docs/formats/template.md).</param>
internal sealed record FrozenPolicy(string TemplateId, int TemplateVersion, ReadOnlyMemory<byte> Encoded)
{
    internal static readonly FrozenPolicy None = new(string.Empty, 0, default);
}

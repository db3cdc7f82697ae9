using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <summary>The handshakes of one peer that are in progress. Volatile: a crash forgets them, and both sides recover.</summary>
internal sealed class Handshakes
{
    /// <summary>Gets or sets one's own attempt at a new session.</summary>
    internal OwnAttempt? Restart { get; set; }

    /// <summary>Gets or sets one's own attempt at a rekey.</summary>
    internal OwnAttempt? Rekey { get; set; }

    /// <summary>Gets the sessions the peer has started and not yet confirmed, oldest first; bounded.</summary>
    internal List<HalfOpen> HalfOpen { get; } = [];

    /// <summary>Gets or sets the rekey the peer has started and not yet confirmed; kind 1 has a place of its own.</summary>
    internal HalfOpen? HalfOpenRekey { get; set; }

    /// <summary>Gets the messages 1 being answered, so that a burst of copies costs one computation; bounded.</summary>
    internal List<Answering> Answering { get; } = [];

    internal Answering? AnsweringRekey { get; set; }

    internal bool IsEmpty =>
        Restart is null && Rekey is null && HalfOpen.Count == 0 && HalfOpenRekey is null
        && AnsweringRekey is null && Answering.Count == 0;

    /// <summary>Erases the secrets of all of them: nobody will go on with one.</summary>
    internal void Erase()
    {
        Restart?.Erase();
        Rekey?.Erase();
        HalfOpenRekey?.Epoch.Secrets.Dispose();
        HalfOpen.ForEach(static half => half.Epoch.Secrets.Dispose());
        foreach (var answering in Answering)
        {
            (answering.Task as HandshakeTask.Answer)?.Opened.Dispose();
        }
    }
}

/// <summary>One's own handshake: message 1 is being made, is out, or the confirm is waiting for its answer.</summary>
internal sealed class OwnAttempt
{
    internal required Suite Suite { get; init; }

    internal required Fingerprint Local { get; init; }

    internal required Fingerprint Remote { get; init; }

    /// <summary>Gets the epoch a rekey is chained to; <see langword="null"/> for a new session.</summary>
    internal RekeyBase? Base { get; init; }

    internal required MonotonicMillis StartedAt { get; init; }

    /// <summary>Gets the session that new records were sealed in when message 1 was made: only a session that did not
    /// exist then can have been started by the peer at the same time.</summary>
    internal SessionId? SendingAtStart { get; init; }

    /// <summary>Gets what was durably known when message 1 was made: the greeting in message 2 is judged against it.</summary>
    internal required GreetingBaseline Baseline { get; init; }

    internal HandshakeTask? Computing { get; set; }

    internal InitiatorHandshake? Handshake { get; set; }

    internal ReadOnlyMemory<byte> Message1 { get; set; }

    internal ReceiverIndex LocalIndex { get; set; }

    /// <summary>Gets or sets the new session's epoch 0 once message 2 has opened: the confirm is out.</summary>
    internal EpochState? Confirming { get; set; }

    internal SessionId ConfirmingSession { get; set; }

    internal int Sends { get; set; }

    internal MonotonicMillis SentAt { get; set; }

    internal int Failures { get; set; }

    internal MonotonicMillis ResendAt { get; set; } = MonotonicMillis.Never;

    internal void Erase()
    {
        Handshake?.Dispose();
        Confirming?.Secrets.Dispose();
    }
}

/// <summary>A handshake the peer started: message 2 is out, nothing is committed until its confirm opens.</summary>
internal sealed class HalfOpen
{
    internal required EpochState Epoch { get; init; }

    internal required SessionId Session { get; init; }

    internal required Suite Suite { get; init; }

    internal required Fingerprint Local { get; init; }

    internal required Fingerprint Remote { get; init; }

    /// <summary>Gets SHA-256 of message 1 with its header: an identical one gets the identical message 2.</summary>
    internal required ReadOnlyMemory<byte> Message1Hash { get; init; }

    internal required ReadOnlyMemory<byte> Message2 { get; init; }

    /// <summary>Gets where message 1 came from, for the bound per source; empty for a rekey.</summary>
    internal required string Source { get; init; }

    internal required SessionId? SendingAtStart { get; init; }

    internal required GreetingBaseline Baseline { get; init; }

    internal required MonotonicMillis AnsweredAt { get; init; }

    internal required MonotonicMillis ExpiresAt { get; init; }
}

/// <summary>A message 1 whose answer is being computed, with what was known when the greeting in it was made.</summary>
internal sealed record Answering(
    HandshakeTask Task, Suite Suite, Fingerprint Local, Fingerprint Remote, ReadOnlyMemory<byte> Message1Hash,
    string Source, SessionId? SendingAtStart, GreetingBaseline Baseline);

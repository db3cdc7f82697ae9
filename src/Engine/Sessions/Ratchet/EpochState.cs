using System.Runtime.CompilerServices;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <summary>One generation of traffic secrets.</summary>
internal sealed class EpochState
{
    private HashBytes _handshakeHash;

    internal required Epoch Number { get; init; }

    /// <summary>Gets whether this side started the handshake that made the epoch: it seals with i2r and opens with r2i.</summary>
    internal required bool IsInitiator { get; init; }

    internal required Suite Suite { get; init; }

    /// <summary>Gets a copy of the handshake hash, 64 bytes, public. Asked for by rekeys and snapshots only.</summary>
    internal required ReadOnlyMemory<byte> HandshakeHash
    {
        get => ((ReadOnlySpan<byte>)_handshakeHash).ToArray();
        init => value.Span.CopyTo(_handshakeHash);
    }

    internal required EpochSecrets Secrets { get; init; }

    /// <summary>Gets the index in the headers of envelopes to this side.</summary>
    internal required ReceiverIndex LocalIndex { get; init; }

    /// <summary>Gets the index in the headers of envelopes to the peer.</summary>
    internal required ReceiverIndex RemoteIndex { get; init; }

    /// <summary>Gets or sets the age when <see cref="AgeKnownAt"/> was taken.</summary>
    internal long AgeMillis { get; set; }

    internal MonotonicMillis AgeKnownAt { get; set; }

    /// <summary>The highest sequence whose plaintext may be shown, for each incarnation of the peer; durable.</summary>
    internal ReservedSequences Reservations;

    /// <summary>Gets or sets what was counted in earlier tenures: records and bytes sealed, opens that failed.</summary>
    internal EpochCounts Counts { get; set; }

    /// <summary>Gets or sets for how long records went out while none came in, as it was when <see cref="Counts"/> were taken.</summary>
    internal UnheardSpan Unheard { get; set; }

    /// <summary>Gets or sets the mutable key state that seals and opens; attached by the owner, never stored.</summary>
    internal object? Traffic { get; set; }

    internal static EpochState Of(NewEpoch epoch, bool isInitiator, Suite suite, MonotonicMillis now) => new()
    {
        Number = epoch.Number,
        IsInitiator = isInitiator,
        Suite = suite,
        HandshakeHash = epoch.HandshakeHash,
        Secrets = epoch.Secrets,
        LocalIndex = epoch.LocalIndex,
        RemoteIndex = epoch.RemoteIndex,
        AgeKnownAt = now,
    };

    internal NewEpoch ToNew(SessionId session) =>
        new(session, Number, HandshakeHash, Secrets, LocalIndex, RemoteIndex);

    internal long AgeAt(MonotonicMillis now) => AgeMillis + Math.Max(0, now.Value - AgeKnownAt.Value);

    // In place: an array of its own would take half as much again.
    [InlineArray(64)]
    private struct HashBytes
    {
        private byte _first;
    }
}

/// <summary>Counters against the limits of PROTOCOL section 6.</summary>
internal readonly record struct EpochCounts(ulong RecordsSealed, ulong BytesSealed, ulong OpensFailed);

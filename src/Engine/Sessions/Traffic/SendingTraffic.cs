using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Traffic;

/// <summary>What became of a record to seal.</summary>
internal enum SealOutcome
{
    /// <summary>The envelope is written.</summary>
    Sealed,

    /// <summary>The destination is shorter than plaintext and <see cref="EnvelopeHeader.RecordOverhead"/>.</summary>
    DestinationTooSmall,

    /// <summary>The plaintext or associated data is longer than an envelope may carry.</summary>
    TooLong,

    /// <summary>The epoch is at a hard limit: types 1, 2 and 8 wait for the rekey.</summary>
    HardLimit,
}

/// <summary>What became of a window notice.</summary>
internal enum SkipOutcome
{
    /// <summary>The next record goes out above the peer's reservation.</summary>
    Skipped,

    /// <summary>The sequence was above it already.</summary>
    AlreadyPast,

    /// <summary>The notice speaks of an incarnation that no longer sends.</summary>
    OtherIncarnation,

    /// <summary>It lies further ahead than a reservation can: refused.</summary>
    TooFar,
}

/// <summary>Where an incarnation stands; only ever resumed within the process whose boot nonce the snapshot names.</summary>
/// <param name="Incarnation">Zero when none was drawn.</param>
/// <param name="NextSequence">The sequence the next record gets.</param>
internal readonly record struct SendingPosition(Incarnation Incarnation, ulong NextSequence);

/// <summary>Seals the records of one epoch and direction. Mutable; every call is made under the session's lock.</summary>
/// <remarks>
/// The incarnation is drawn at the first record, so a state that never seals never draws. Sealing allocates nothing
/// once the cipher is keyed. The secrets are borrowed: whoever owns the epoch disposes them after this.
/// </remarks>
internal sealed class SendingTraffic(
    EpochSecrets secrets,
    TrafficDirection direction,
    Suite suite,
    Epoch epoch,
    ReceiverIndex receiver,
    TrafficLimits limits,
    AeadProvider aead,
    IEntropySource entropy,
    TrafficUsage usage = default) : IDisposable
{
    /// <summary>How much of it every record reads, about.</summary>
    internal const int LookedAt = 128;

    private TrafficCipher _cipher;
    private Incarnation _incarnation;
    private ulong _nextSequence;
    private long _records = usage.Records;
    private long _bytes = usage.Bytes;
    private bool _isTooOld;

    internal Epoch Epoch => epoch;

    /// <summary>Gets what was sealed in this epoch, restarts included as far as the constructor was told.</summary>
    internal TrafficUsage Usage => new(_records, _bytes);

    /// <summary>Gets whether a soft limit was reached.</summary>
    internal bool WantsRekey => _records >= limits.RecordsSoft || _bytes >= limits.BytesSoft;

    /// <summary>Gets whether types 1, 2 and 8 wait for the rekey.</summary>
    internal bool IsAtHardLimit => _isTooOld || _records >= limits.RecordsHard || _bytes >= limits.BytesHard;

    internal bool IsKeyed => _cipher.IsKeyed;

    internal SendingPosition Position => new(_incarnation, _nextSequence);

    /// <summary>The epoch is past its hard limit of age. Whoever owns it watches the clock: the fast path does not.</summary>
    internal void StopByAge() => _isTooOld = true;

    /// <summary>Continues an incarnation of this same process instead of drawing one. Before the first record only.</summary>
    internal void Resume(SendingPosition position)
    {
        Invariant.Holds(_incarnation.IsZero, "an incarnation is resumed before anything was sealed");
        _incarnation = position.Incarnation;
        _nextSequence = position.NextSequence;
    }

    /// <summary>Writes one envelope: header, ciphertext, tag.</summary>
    /// <param name="type">A record type.</param>
    /// <param name="plaintext">May stand at <c>destination[44..]</c>, where the ciphertext goes; must not overlap it otherwise.</param>
    /// <param name="callerAssociatedData">Authenticated after the header; at most 64 KiB.</param>
    /// <param name="destination">At least <see cref="EnvelopeHeader.RecordOverhead"/> more than the plaintext.</param>
    /// <param name="written">The envelope's length; 0 unless sealed.</param>
    /// <exception cref="ArgumentException">The type is not a record's (caller's bug).</exception>
    internal SealOutcome TrySeal(
        EnvelopeType type,
        ReadOnlySpan<byte> plaintext,
        ReadOnlySpan<byte> callerAssociatedData,
        Span<byte> destination,
        out int written)
    {
        if (!type.IsRecord())
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "Only record types are sealed under an epoch.");
        }

        written = 0;
        if (plaintext.Length > EnvelopeHeader.BodyLengthMax - EnvelopeHeader.TagSize
            || callerAssociatedData.Length > TrafficCipher.AssociatedDataLengthMax)
        {
            return SealOutcome.TooLong;
        }

        if (destination.Length < plaintext.Length + EnvelopeHeader.RecordOverhead)
        {
            return SealOutcome.DestinationTooSmall;
        }

        if (type.WaitsAtHardLimit() && IsAtHardLimit)
        {
            return SealOutcome.HardLimit;
        }

        EnsureCipher();
        var sequence = _nextSequence++;    // used up whatever follows: a sequence is never tried twice
        var header = new EnvelopeHeader(
            type, suite, receiver, epoch, _incarnation, sequence, plaintext.Length + EnvelopeHeader.TagSize);
        header.Write(destination);
        _cipher.Seal(sequence, plaintext, callerAssociatedData, destination[..header.EnvelopeLength]);
        _records++;
        _bytes += plaintext.Length;
        written = header.EnvelopeLength;
        return SealOutcome.Sealed;
    }

    /// <summary>Heeds an authentic window notice of this epoch: goes on above what the peer reserved.</summary>
    internal SkipOutcome Skip(in WindowNotice notice)
    {
        if (notice.Epoch != epoch || notice.Incarnation != _incarnation || _incarnation.IsZero)
        {
            return SkipOutcome.OtherIncarnation;
        }

        if (notice.ReservedThrough < _nextSequence)
        {
            return SkipOutcome.AlreadyPast;
        }

        // Compared before adding one: the notice may hold any 64 bits.
        if (notice.ReservedThrough - _nextSequence >= TrafficLimits.ReachMax)
        {
            return SkipOutcome.TooFar;
        }

        _nextSequence = notice.ReservedThrough + 1;
        return SkipOutcome.Skipped;
    }

    /// <summary>Fetches what the next record needs into the processor's cache, in two steps. The only call that is made beside the lock.</summary>
    internal void Fetch(int step) => _cipher.Fetch(step);

    /// <summary>Drops the keyed cipher; incarnation and sequence stay, and the next record derives it again.</summary>
    internal void ReleaseKeys()
    {
        _cipher.Dispose();
        _cipher = default;
    }

    /// <summary>Ends the incarnation: the next record draws another. For a moved virtual machine or an endless skip.</summary>
    internal void AbandonIncarnation()
    {
        ReleaseKeys();
        _incarnation = default;
        _nextSequence = 0;
    }

    public void Dispose() => ReleaseKeys();

    private void EnsureCipher()
    {
        // Control records go on past the hard limit: under a fresh incarnation when this one's sequences are used up.
        if (_nextSequence >= TrafficLimits.SequenceEnd)
        {
            AbandonIncarnation();
        }

        if (_incarnation.IsZero)
        {
            Span<byte> drawn = stackalloc byte[Incarnation.Size];
            entropy.Fill(drawn);
            _incarnation = Incarnation.Read(drawn);
            Invariant.Holds(!_incarnation.IsZero, "16 random bytes are never all zero");
        }

        if (!_cipher.IsKeyed)
        {
            _cipher = TrafficCipher.Derive(aead, secrets.Traffic(direction), _incarnation);
        }
    }
}

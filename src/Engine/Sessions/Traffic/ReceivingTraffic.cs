using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Traffic;

/// <summary>Opens the records of one epoch and direction, each at most once. Every call is made under the session's lock.</summary>
/// <remarks>
/// <para>Plaintext is given out only for sequences whose reservation is durable, so that a later owner, who refuses all of
/// them, never gives it out again. A window is marked only after the tag verified, in the same locked call that gives
/// the plaintext out: concurrent callers with the same envelope see one success.</para>
/// <para>Opening allocates nothing once the incarnation's cipher is keyed, except 288 bytes when a gap first falls more
/// than 64 sequences back. An unknown incarnation costs one key derivation and leaves nothing unless its tag verifies.
/// The secrets are borrowed: whoever owns the epoch disposes them after this.</para>
/// </remarks>
internal sealed class ReceivingTraffic(
    EpochSecrets secrets,
    TrafficDirection direction,
    Suite suite,
    Epoch epoch,
    ReceiverIndex receiver,
    TrafficLimits limits,
    AeadProvider aead,
    int incarnationCount = 0,
    long failedOpens = 0) : IDisposable
{
    /// <summary>How much of it every record reads, about.</summary>
    internal const int LookedAt = 112;

    private ShortList<ReceivingIncarnation> _open;
    private ReceivingIncarnation? _latest;      // of the open ones, that used last
    private ulong _uses;

    internal Epoch Epoch => epoch;

    /// <summary>Gets how many incarnations of this epoch were ever reserved, closed ones included; durable with them.</summary>
    internal int IncarnationCount { get; private set; } = incarnationCount;

    /// <summary>Gets how many records failed their tag.</summary>
    internal long FailedOpens { get; private set; } = failedOpens;

    /// <summary>Gets whether a soft limit was reached.</summary>
    internal bool WantsRekey =>
        IncarnationCount >= TrafficLimits.IncarnationsSoft || FailedOpens >= limits.FailedOpensSoft;

    internal int OpenIncarnationCount => _open.Count;

    /// <summary>Gets how many incarnations have a keyed cipher.</summary>
    internal int KeyedCount => _open.Count(entry => entry.Cipher.IsKeyed);

    /// <summary>Opens one whole envelope.</summary>
    /// <param name="header">Read from <paramref name="envelope"/> by <see cref="EnvelopeHeader.TryReadEnvelope"/>.</param>
    /// <param name="envelope">Header and body; untrusted.</param>
    /// <param name="callerAssociatedData">What the sender's caller gave; at most 64 KiB.</param>
    /// <param name="plaintext">At least the body without its tag; must not overlap the envelope, which may be needed again.</param>
    /// <param name="details">What the outcome needs.</param>
    internal OpenOutcome TryOpen(
        in EnvelopeHeader header,
        ReadOnlySpan<byte> envelope,
        ReadOnlySpan<byte> callerAssociatedData,
        Span<byte> plaintext,
        out OpenDetails details)
    {
        details = default;
        if (FailedOpens >= limits.FailedOpensHard)
        {
            return OpenOutcome.Limit;
        }

        if (!IsOurs(header, envelope) || callerAssociatedData.Length > TrafficCipher.AssociatedDataLengthMax)
        {
            return OpenOutcome.Rejected;
        }

        var length = header.BodyLength - EnvelopeHeader.TagSize;
        if (plaintext.Length < length)
        {
            return OpenOutcome.DestinationTooSmall;
        }

        plaintext = plaintext[..length];
        var entry = Find(header.Incarnation);
        return entry is null
            ? OpenUnknown(header, envelope, callerAssociatedData, plaintext, out details)
            : OpenKnown(entry, header, envelope, callerAssociatedData, plaintext, out details);
    }

    /// <summary>Takes note that a reservation is durable; a new incarnation gets its window by this.</summary>
    /// <param name="incarnation">As in the record that asked.</param>
    /// <param name="through">The highest sequence reserved. A lower one than before changes nothing.</param>
    /// <exception cref="InvariantViolatedException">A new incarnation, and no place for it: close one first.</exception>
    internal void ApplyReservation(Incarnation incarnation, ulong through)
    {
        var entry = Find(incarnation);
        if (entry is null)
        {
            IncarnationCount++;
            entry = Add(incarnation, floor: 0);
        }

        entry.ReservedEnd = Math.Max(entry.ReservedEnd, EndOf(through));
    }

    /// <summary>Brings back an incarnation that the store knows: everything up to <paramref name="refusedThrough"/> is refused.</summary>
    /// <param name="refusedThrough">The highest sequence it was closed with, or the reservation of an owner that ended without
    /// a hand-over. It was counted when it was first reserved.</param>
    internal void Reopen(Incarnation incarnation, ulong refusedThrough)
    {
        Invariant.Holds(Find(incarnation) is null, "an incarnation is reopened only when it is not open");
        Add(incarnation, EndOf(refusedThrough));
    }

    /// <summary>Begins to close an incarnation: it opens nothing until <see cref="CloseIncarnation"/>.</summary>
    /// <returns>The highest sequence opened or refused, to be stored with its id; null when it is not open, or nothing
    /// was opened under it.</returns>
    internal ulong? BeginClose(Incarnation incarnation)
    {
        if (Find(incarnation) is not { } entry)
        {
            return null;
        }

        entry.IsClosing = true;
        return entry.Window.End == 0 ? null : entry.Window.End - 1;
    }

    /// <summary>Forgets an incarnation whose close is durable. A record above its highest sequence reopens it.</summary>
    internal void CloseIncarnation(Incarnation incarnation)
    {
        if (Find(incarnation) is { } entry)
        {
            Invariant.Holds(entry.IsClosing, "a close is durable before the window is dropped");
            Remove(entry);
        }
    }

    /// <summary>Closes the incarnation used longest ago when there is no place for another. What was reserved of it is durable and at
    /// least as high as anything it opened, so nothing needs to be stored first.</summary>
    internal void MakeRoom()
    {
        if (_open.Count >= limits.OpenIncarnationsMax)
        {
            Remove(LeastRecentlyUsed(_open.Items));
        }
    }

    /// <summary>Fetches what the next record most likely needs into the processor's cache, in three steps. The only call that is made beside the lock.</summary>
    internal void Fetch(int step)
    {
        if (_latest is { } latest)
        {
            if (step == 0)
            {
                CacheLine.Fetch(latest, ReceivingIncarnation.LookedAt);
            }
            else
            {
                latest.Cipher.Fetch(step - 1);
            }
        }
    }

    /// <summary>Drops every keyed cipher and gives back what windows can spare; the next record derives its key again.</summary>
    internal void ReleaseKeys()
    {
        foreach (var entry in _open)
        {
            entry.ReleaseKeys();
        }
    }

    internal bool IsOpen(Incarnation incarnation)
    {
        foreach (var entry in _open.Items)
        {
            if (entry.Id == incarnation)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Gives the open incarnations, for <see cref="WindowSnapshot"/>.</summary>
    internal ReadOnlySpan<ReceivingIncarnation> OpenIncarnations => _open.Items;

    /// <summary>Takes an incarnation over exactly as a clean passivation or hand-over left it.</summary>
    internal void Restore(ReceivingIncarnation entry)
    {
        Invariant.Holds(Find(entry.Id) is null, "an incarnation is restored once");
        Invariant.Holds(_open.Count < limits.OpenIncarnationsMax, "a restored window finds its place");
        _open.Add(entry);
    }

    public void Dispose()
    {
        ReleaseKeys();
        _open.Clear();
        _latest = null;
    }

    private bool IsOurs(in EnvelopeHeader header, ReadOnlySpan<byte> envelope) =>
        header.Type.IsRecord()
        && header.Suite == suite
        && header.Epoch == epoch
        && header.Receiver == receiver
        && header.Sequence < TrafficLimits.SequenceEnd
        && !header.Incarnation.IsZero
        && envelope.Length == header.EnvelopeLength;

    private OpenOutcome OpenKnown(
        ReceivingIncarnation entry, in EnvelopeHeader header, ReadOnlySpan<byte> envelope,
        ReadOnlySpan<byte> callerAssociatedData, Span<byte> plaintext, out OpenDetails details)
    {
        details = default;
        if (entry.IsClosing)
        {
            return OpenOutcome.Closing;
        }

        var sequence = header.Sequence;
        var isBelow = sequence < entry.Window.Floor;
        if (!isBelow && !entry.Window.IsFresh(sequence))
        {
            return OpenOutcome.Rejected;
        }

        if (!Keyed(entry).TryOpen(sequence, envelope, callerAssociatedData, plaintext))
        {
            FailedOpens++;
            return OpenOutcome.Rejected;
        }

        if (isBelow)
        {
            plaintext.Clear();
            details = details with { RefusedThrough = entry.Window.Floor - 1 };
            return OpenOutcome.BelowReservation;
        }

        if (sequence >= entry.ReservedEnd)
        {
            plaintext.Clear();
            details = details with { ReserveThrough = Reservation(sequence) };
            return OpenOutcome.NeedsReservation;
        }

        entry.Window.Mark(sequence);
        details = new OpenDetails(plaintext.Length, Renewal(entry, sequence), false, 0, default);
        return OpenOutcome.Opened;
    }

    private OpenOutcome OpenUnknown(
        in EnvelopeHeader header, ReadOnlySpan<byte> envelope, ReadOnlySpan<byte> callerAssociatedData,
        Span<byte> plaintext, out OpenDetails details)
    {
        details = default;
        using var cipher = TrafficCipher.Derive(aead, secrets.Traffic(direction), header.Incarnation);
        if (!cipher.TryOpen(header.Sequence, envelope, callerAssociatedData, plaintext))
        {
            FailedOpens++;
            return OpenOutcome.Rejected;
        }

        if (IncarnationCount < TrafficLimits.IncarnationsHard)
        {
            plaintext.Clear();
            var closeFirst = _open.Count < limits.OpenIncarnationsMax ? default : LeastRecentlyUsed(_open.Items).Id;
            details = new OpenDetails(0, Reservation(header.Sequence), true, 0, closeFirst);
            return OpenOutcome.NeedsReservation;
        }

        // Past the bound no window is kept, so only what may be repeated is let through: the rekey that is due.
        if (header.Type.IsIdempotent())
        {
            details = details with { Written = plaintext.Length, IsRepeatable = true };
            return OpenOutcome.Opened;
        }

        plaintext.Clear();
        return OpenOutcome.Limit;
    }

    private ulong Reservation(ulong sequence) =>
        Math.Min(sequence + limits.ReservationReach, TrafficLimits.SequenceEnd - 1);

    // Asked for from the middle on, so that the flush is over long before the end is reached.
    private ulong? Renewal(ReceivingIncarnation entry, ulong sequence)
    {
        var left = entry.ReservedEnd - 1 - sequence;
        var wanted = Reservation(sequence);
        return left <= limits.ReservationReach / 2 && wanted >= entry.ReservedEnd ? wanted : null;
    }

    private ReceivingIncarnation? Find(Incarnation incarnation)
    {
        if (_latest is not { } latest || latest.Id != incarnation)
        {
            latest = null;
            foreach (var entry in _open.Items)
            {
                latest = entry.Id == incarnation ? entry : latest;
            }

            if (latest is null)
            {
                return null;
            }

            _latest = latest;
        }

        latest.LastUse = ++_uses;
        return latest;
    }

    private void Remove(ReceivingIncarnation entry)
    {
        entry.Dispose();
        _open.Remove(entry);
        _latest = null;
    }

    private ReceivingIncarnation Add(Incarnation incarnation, ulong floor)
    {
        Invariant.Holds(_open.Count < limits.OpenIncarnationsMax, "an incarnation is closed before another takes its place");
        var entry = new ReceivingIncarnation(incarnation, floor) { LastUse = ++_uses };
        _open.Add(entry);
        return entry;
    }

    private ref readonly TrafficCipher Keyed(ReceivingIncarnation entry)
    {
        if (!entry.Cipher.IsKeyed)
        {
            MakeRoomForKey();
            entry.Cipher = TrafficCipher.Derive(aead, secrets.Traffic(direction), entry.Id);
        }

        return ref entry.Cipher;
    }

    private void MakeRoomForKey()
    {
        var keyed = 0;
        ReceivingIncarnation? oldest = null;
        foreach (var entry in _open)
        {
            if (entry.Cipher.IsKeyed)
            {
                keyed++;
                oldest = oldest is null || entry.LastUse < oldest.LastUse ? entry : oldest;
            }
        }

        if (keyed >= limits.KeyedIncarnationsMax)
        {
            oldest!.ReleaseKeys();
        }
    }

    private static ReceivingIncarnation LeastRecentlyUsed(ReadOnlySpan<ReceivingIncarnation> entries)
    {
        var oldest = entries[0];
        foreach (var entry in entries)
        {
            oldest = entry.LastUse < oldest.LastUse ? entry : oldest;
        }

        return oldest;
    }

    private static ulong EndOf(ulong through) => Math.Min(through, TrafficLimits.SequenceEnd - 1) + 1;
}

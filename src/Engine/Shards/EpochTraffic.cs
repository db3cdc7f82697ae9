using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>One epoch's traffic at work, behind its lock: the fast path that callers' own threads take.</summary>
internal sealed class EpochTraffic : IDisposable
{
    /// <summary>How much of it every record reads, about.</summary>
    internal const int LookedAt = 136;

    private readonly TrafficLimits _limits;
    private readonly AeadProvider _aead;
    private readonly IEntropySource _entropy;
    private EpochTraffic? _nextInTable;
    private SendingTraffic? _sending;
    private bool _isClosed;
    private bool _isDisposed;
    private Incarnation _renewedFor;
    private ulong _renewedThrough;
    private uint _recordsAtLook;
    private UnheardSpan _unheard;

    internal EpochTraffic(ResidentPeer peer, EpochState epoch, TrafficLimits limits, AeadProvider aead, IEntropySource entropy)
    {
        Peer = peer;
        Epoch = epoch;
        LocalIndex = epoch.LocalIndex;
        _limits = limits;
        _aead = aead;
        _entropy = entropy;
        Receiving = new ReceivingTraffic(
            epoch.Secrets, epoch.IsInitiator ? TrafficDirection.ResponderToInitiator : TrafficDirection.InitiatorToResponder,
            epoch.Suite, epoch.Number, epoch.LocalIndex, limits, aead, epoch.Reservations.Count, (long)epoch.Counts.OpensFailed);
        _recordsAtLook = (uint)epoch.Counts.RecordsSealed;
        _unheard = epoch.Unheard;
    }

    /// <summary>The link of the table that epochs are found by.</summary>
    internal readonly struct Links : ITableLinks<ReceiverIndex, EpochTraffic>
    {
        public static ReceiverIndex KeyOf(EpochTraffic item) => item.LocalIndex;

        public static ref EpochTraffic? Next(EpochTraffic item) => ref item._nextInTable;
    }

    /// <summary>Gets the lock that every use of <see cref="Sending"/> and <see cref="Receiving"/> is made under.</summary>
    internal object Gate => this;     // no object of its own: each epoch in memory would have one

    internal ResidentPeer Peer { get; }

    internal EpochState Epoch { get; }

    internal ReceiverIndex LocalIndex { get; }      // the epoch's, where looking for it needs no other line of memory

    /// <summary>Gets what seals; made when it is first asked for, since an idle peer's never is. Under the lock.</summary>
    internal SendingTraffic Sending => _sending ??= new SendingTraffic(
        Epoch.Secrets, Epoch.IsInitiator ? TrafficDirection.InitiatorToResponder : TrafficDirection.ResponderToInitiator,
        Epoch.Suite, Epoch.Number, Epoch.RemoteIndex, _limits, _aead, _entropy, UsageBefore);

    /// <summary>Gets whether anything was to be sealed here.</summary>
    internal bool HasSending => _sending is not null;

    internal ReceivingTraffic Receiving { get; }

    /// <summary>Gets whether the epoch is gone, or on its way out of memory; checked under the lock.</summary>
    internal bool IsDisposed => _isClosed || _isDisposed;

    /// <summary>Whether the machine wants to hear of the next record opened here.</summary>
    internal volatile bool IsWatched;

    /// <summary>Whether it was used since the hand of <see cref="KeyedTraffic"/> last passed.</summary>
    internal volatile bool IsRecentlyUsed;

    /// <summary>1 while <see cref="KeyedTraffic"/> counts it.</summary>
    internal int KeyedSlot;

    /// <summary>Gets or sets whether a rekey was asked for by a limit. Once is enough: the machine holds the wish until it has come true.</summary>
    internal bool RekeyAsked { get; set; }

    /// <summary>Gets for how long records have gone out here while none came in, as of the last look.</summary>
    internal UnheardSpan Unheard
    {
        get
        {
            lock (Gate)
            {
                return _unheard;
            }
        }
    }

    /// <summary>Looks whether records have gone out here since the last look and none has come in. Asks to be told of the next one that does.</summary>
    /// <returns>Whether they have gone out for so long that the peer is to be asked.</returns>
    internal bool IsUnheard(UnixMillis now)
    {
        if (_sending is not { } sending || (uint)sending.Usage.Records == _recordsAtLook)      // without the lock: what is missed now is seen at the next look
        {
            return false;
        }

        lock (Gate)
        {
            _recordsAtLook = (uint)Sending.Usage.Records;
            _unheard = IsWatched ? _unheard.Through(now) : default;
            IsWatched = true;
            return _unheard.IsLong;
        }
    }

    /// <summary>A record came in that the machine is told of.</summary>
    internal void Heard()
    {
        lock (Gate)
        {
            IsWatched = false;
            _unheard = default;
        }
    }

    /// <summary>Gets or sets when the last window notice went out.</summary>
    internal MonotonicMillis NoticedAt { get; set; } = new(long.MinValue / 2);

    /// <summary>The new incarnations whose reservation is on its way to the journal: the epoch's facts name them already, but no
    /// earlier owner can have opened anything of theirs. Used under the lock.</summary>
    internal ShortList<Incarnation> Arriving;

    /// <summary>Says whether a renewal of a reservation is to be asked for: the same one comes up with every record until it is durable.</summary>
    internal bool RenewOnce(Incarnation incarnation, ulong through)
    {
        lock (Gate)
        {
            if (_renewedFor == incarnation && through <= _renewedThrough + (TrafficLimits.ReachMax / 4))
            {
                return false;
            }

            _renewedFor = incarnation;
            _renewedThrough = through;
            return true;
        }
    }

    /// <summary>Fetches what sealing a record needs into the processor's cache, in four steps; without the lock.</summary>
    internal void FetchSending(int step)
    {
        if (step == 0)
        {
            CacheLine.Fetch(this, LookedAt);
        }
        else if (_sending is { } sending)
        {
            if (step == 1)
            {
                CacheLine.Fetch(sending, SendingTraffic.LookedAt);
            }
            else
            {
                sending.Fetch(step - 2);
            }
        }
    }

    /// <summary>Fetches what opening a record needs into the processor's cache, in four steps; without the lock.</summary>
    internal void FetchReceiving(int step)
    {
        if (step == 0)
        {
            CacheLine.Fetch(Receiving, ReceivingTraffic.LookedAt);
            CacheLine.Fetch(Peer, ResidentPeer.LookedAt);
        }
        else
        {
            Receiving.Fetch(step - 1);
        }
    }

    /// <summary>Gets what the epoch counted, for its snapshot. Takes the lock.</summary>
    internal EpochCounts Counts()
    {
        lock (Gate)
        {
            var usage = _sending?.Usage ?? UsageBefore;
            return new EpochCounts((ulong)usage.Records, (ulong)usage.Bytes, (ulong)Receiving.FailedOpens);
        }
    }

    /// <summary>Lets data, messages and framed data wait for the next epoch.</summary>
    internal void StopByAge()
    {
        lock (Gate)
        {
            Sending.StopByAge();
        }
    }

    internal void ReleaseKeys()
    {
        lock (Gate)
        {
            _sending?.ReleaseKeys();
            Receiving.ReleaseKeys();
        }
    }

    // What earlier tenures sealed. A snapshot counts anew, and as long as nothing was sealed here to the same.
    private TrafficUsage UsageBefore => new((long)Epoch.Counts.RecordsSealed, (long)Epoch.Counts.BytesSealed);

    /// <summary>Seals and opens nothing more: the windows stay as they are, to be stored. Under the lock.</summary>
    internal void Close() => _isClosed = true;

    public void Dispose()
    {
        lock (Gate)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                _sending?.Dispose();
                Receiving.Dispose();
                Epoch.Secrets.Dispose();
            }
        }
    }
}

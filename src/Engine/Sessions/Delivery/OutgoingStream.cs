using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Delivery;

/// <summary>The sender's side of one delivery stream: messages numbered and not yet acknowledged, in order.</summary>
internal sealed class OutgoingStream
{
    internal const int RetiredCountMax = 16;
    internal const int CompletedCountMax = 64;

    // A search through fewer costs less than a table.
    private const int SearchedCountMax = 32;

    private Outbox? _outbox;        // from the first message on: an idle peer that was never sent one has none

    /// <summary>Gets or sets the stream's id; none before the peer is added.</summary>
    internal StreamId Id { get; set; }

    internal ulong LowestUnacknowledged { get; private set; } = 1;

    internal int Count => _outbox?.Count ?? 0;

    /// <summary>Gets the number the next message will have.</summary>
    internal ulong Next => LowestUnacknowledged + (ulong)Count;

    /// <summary>Gets the chain just below the lowest unacknowledged number.</summary>
    internal ChainValue ChainBelow { get; private set; }

    /// <summary>Gets whether the peer has acknowledged anything since this side knows it, in this stream or an earlier one.</summary>
    internal bool WasAcknowledged => LowestUnacknowledged > 1 || Completed.Count > 0;

    internal long PayloadBytes => _outbox?.PayloadBytes ?? 0;

    internal StopReason? Stopped { get; set; }

    /// <summary>This side's earlier streams, newest last; bounded.</summary>
    internal ShortList<StreamId> Retired;

    /// <summary>Operations that were acknowledged lately, so that a late repeat of one is answered, not sent again.</summary>
    internal ShortList<Guid> Completed;

    /// <summary>The numbers whose rows in the store are to be deleted by the next snapshot.</summary>
    internal ShortList<ulong> StaleRows;

    // Volatile: what was sent in this stay of the owner, and when to send again.

    /// <summary>Gets or sets the highest number sealed since the current session was chosen.</summary>
    internal ulong SentThrough
    {
        get => _outbox?.SentThrough ?? LowestUnacknowledged - 1;
        set => Kept(unless: value == LowestUnacknowledged - 1)?.SentThrough = value;
    }

    /// <summary>Gets when to send again what is not acknowledged, to be changed in place.</summary>
    internal ref ResendTimer Timer => ref Kept().Timer;

    /// <summary>Gets or sets how many may be in flight; a few when an answer stays out, grown by answers; 0: not yet chosen.</summary>
    internal int Window
    {
        get => _outbox?.Window ?? 0;
        set => Kept(unless: value == 0)?.Window = value;
    }

    internal MonotonicMillis ResendAt
    {
        get => _outbox?.ResendAt ?? MonotonicMillis.Never;
        set => Kept(unless: value == MonotonicMillis.Never)?.ResendAt = value;
    }

    /// <summary>Gets or sets since when a message sent has gone unacknowledged. Only an acknowledgement clears it: a peer may
    /// answer all else in a session that this side alone still sends in.</summary>
    internal MonotonicMillis? UnansweredSince
    {
        get => MonotonicMillis.Known(_outbox?.UnansweredSince ?? MonotonicMillis.Never);
        set => Kept(unless: value is null)?.UnansweredSince = value ?? MonotonicMillis.Never;
    }

    internal ChainValue ChainLast => ChainBefore(Next);

    internal OutgoingMessage this[ulong number] =>
        _outbox!.At((int)(number - LowestUnacknowledged));

    /// <summary>Gets the chain just below a number from the lowest unacknowledged to the next.</summary>
    /// <remarks>Worked out when first asked for: what is only stored, or recovered, is not hashed.</remarks>
    internal ChainValue ChainBefore(ulong number)
    {
        if (number == LowestUnacknowledged)
        {
            return ChainBelow;
        }

        while (_outbox!.ChainedThrough < number - 1)
        {
            var next = _outbox.ChainedThrough + 1;
            var previous = next == LowestUnacknowledged ? ChainBelow : this[next - 1].ChainAfter;
            this[next].ChainAfter = ChainHash.Next(previous, next, this[next].ChainFlags, this[next].Digest.Span);
            _outbox.ChainedThrough = next;
        }

        return this[number - 1].ChainAfter;
    }

    internal void Open(StreamId stream)
    {
        Id = stream;
        Restore(1, ChainHash.Start(stream));
    }

    /// <summary>Sets where an empty stream stands; used on opening and when a snapshot is read.</summary>
    internal void Restore(ulong lowestUnacknowledged, ChainValue chainBelow)
    {
        LowestUnacknowledged = lowestUnacknowledged;
        ChainBelow = chainBelow;
        if (_outbox is { } outbox)
        {
            outbox.SentThrough = outbox.ChainedThrough = lowestUnacknowledged - 1;
        }
    }

    /// <summary>A session or epoch was chosen anew: all that is open goes out for the first time in it.</summary>
    /// <param name="window">How many may be in flight; what is not in use yet chooses it with its first message.</param>
    internal void SendAgain(int window)
    {
        if (_outbox is { } outbox)
        {
            outbox.SentThrough = LowestUnacknowledged - 1;
            outbox.ResendAt = MonotonicMillis.Never;
            outbox.Window = window;
            outbox.Timer.Restart();
        }
    }

    internal void Add(OutgoingMessage message)
    {
        var outbox = Kept();
        outbox.Numbers?.TryAdd(message.Operation, Next);
        outbox.Add(message);
    }

    /// <summary>Drops everything up to <paramref name="number"/>.</summary>
    internal void AcknowledgeThrough(ulong number)
    {
        if (number < LowestUnacknowledged)
        {
            return;
        }

        var outbox = Kept();
        while (LowestUnacknowledged <= number)
        {
            ChainBelow = ChainBefore(LowestUnacknowledged + 1);
            var message = outbox.RemoveFirst();
            Remember(message.Operation);
            outbox.Numbers?.Remove(message.Operation);
            if (message.Row != RowState.Absent)
            {
                StaleRows.Add(LowestUnacknowledged);
            }

            LowestUnacknowledged++;
        }

        outbox.SentThrough = Math.Max(outbox.SentThrough, LowestUnacknowledged - 1);
        if (outbox.Count == 0)
        {
            outbox.Empty();     // an idle peer keeps no buffer
        }
    }

    /// <summary>Gives up the payload of an expired message; its place in the chain stays.</summary>
    internal void Expire(ulong number)
    {
        var message = this[number];
        _outbox!.PayloadBytes -= message.Payload.Length;
        message.Void();
        _outbox.PayloadBytes += message.Payload.Length;
    }

    /// <summary>Forgets everything, with the peer.</summary>
    internal void Clear()
    {
        for (var number = LowestUnacknowledged; number < Next; number++)
        {
            if (this[number].Row != RowState.Absent)
            {
                StaleRows.Add(number);
            }
        }

        Id = default;
        _outbox = null;
        Stopped = null;
        Retired.Clear();
        Completed.Clear();
        Restore(1, default);
    }

    /// <summary>Starts a new stream that carries over every open message, renumbered from 1.</summary>
    internal void Reset(StreamId stream)
    {
        var open = new OutgoingMessage[Count];
        for (var i = 0; i < open.Length; i++)
        {
            open[i] = this[LowestUnacknowledged + (ulong)i];
            if (open[i].Row != RowState.Absent)
            {
                StaleRows.Add(LowestUnacknowledged + (ulong)i);
                open[i].Row = RowState.Absent;
            }
        }

        if (!Id.IsZero)
        {
            Retired.AddNewest(Id, RetiredCountMax);
        }

        _outbox?.Empty();
        Stopped = null;
        Open(stream);
        foreach (var message in open)
        {
            Add(message);
        }
    }

    /// <summary>Says whether an operation is in the outbox or was acknowledged lately.</summary>
    /// <param name="number">The message's number, 0 when it was acknowledged.</param>
    internal bool Knows(Guid operation, out ulong number)
    {
        if (TryFind(operation, out number))
        {
            return true;
        }

        number = 0;
        return Completed.Contains(operation);
    }

    private bool TryFind(Guid operation, out ulong number)
    {
        if (Count > SearchedCountMax)
        {
            return (_outbox!.Numbers ??= Index()).TryGetValue(operation, out number);
        }

        for (number = LowestUnacknowledged; number < Next; number++)
        {
            if (this[number].Operation == operation)
            {
                return true;
            }
        }

        return false;
    }

    private Dictionary<Guid, ulong> Index()
    {
        var numbers = new Dictionary<Guid, ulong>(Count);
        for (var number = LowestUnacknowledged; number < Next; number++)
        {
            numbers.TryAdd(this[number].Operation, number);
        }

        return numbers;
    }

    internal void Remember(Guid operation) => Completed.AddNewest(operation, CompletedCountMax);

    private Outbox Kept() => _outbox ??= new Outbox { SentThrough = LowestUnacknowledged - 1, ChainedThrough = LowestUnacknowledged - 1 };

    // What says no more than that nothing is under way needs no object.
    private Outbox? Kept(bool unless) => unless ? _outbox : Kept();

    /// <summary>The messages that are not acknowledged, and what is known of those under way.</summary>
    private sealed class Outbox
    {
        internal ResendTimer Timer;
        private OutgoingMessage[] _ring = [];
        private int _head;

        /// <summary>Gets or sets the numbers by operation, from the first search in a long outbox until it is empty.</summary>
        internal Dictionary<Guid, ulong>? Numbers { get; set; }

        internal int Count { get; private set; }

        internal long PayloadBytes { get; set; }

        internal ulong ChainedThrough { get; set; }

        internal ulong SentThrough { get; set; }

        internal int Window { get; set; }

        internal MonotonicMillis ResendAt { get; set; } = MonotonicMillis.Never;

        internal MonotonicMillis UnansweredSince { get; set; } = MonotonicMillis.Never;

        internal OutgoingMessage At(int place) => _ring[(_head + place) & (_ring.Length - 1)];

        internal void Add(OutgoingMessage message)
        {
            if (Count == _ring.Length)
            {
                var grown = new OutgoingMessage[Math.Max(4, _ring.Length * 2)];
                for (var i = 0; i < Count; i++)
                {
                    grown[i] = At(i);
                }

                _ring = grown;
                _head = 0;
            }

            _ring[(_head + Count) & (_ring.Length - 1)] = message;
            Count++;
            PayloadBytes += message.Payload.Length;
        }

        internal OutgoingMessage RemoveFirst()
        {
            ref var slot = ref _ring[_head];
            var message = slot;
            slot = null!;
            _head = (_head + 1) & (_ring.Length - 1);
            Count--;
            PayloadBytes -= message.Payload.Length;
            return message;
        }

        internal void Empty()
        {
            _ring = [];
            Numbers = null;
            _head = 0;
            Count = 0;
            PayloadBytes = 0;
        }
    }
}

/// <summary>A durable message on its way out.</summary>
internal sealed class OutgoingMessage
{
    private ReadOnlyMemory<byte> _digest;

    internal required Guid Operation { get; init; }

    internal required MessageFlags Flags { get; set; }

    /// <summary>Gets the flags that went into the chain: what the message had before it expired.</summary>
    internal required MessageFlags ChainFlags { get; init; }

    /// <summary>Gets SHA-256 of the payload as it was queued; worked out when first asked for.</summary>
    internal ReadOnlyMemory<byte> Digest
    {
        get => _digest.IsEmpty ? _digest = OutgoingRules.DigestOf(Payload) : _digest;
        init => _digest = value;
    }

    internal required ReadOnlyMemory<byte> Payload { get; set; }

    internal required UnixMillis? ExpiresAt { get; init; }

    internal ChainValue ChainAfter { get; set; }

    internal RowState Row { get; set; }

    internal bool IsVoid => (Flags & MessageFlags.Void) != 0;

    internal void Void()
    {
        Flags = MessageFlags.Void;
        Row = Row == RowState.Absent ? RowState.Absent : RowState.Outdated;
        var tombstone = new byte[1 + ChainHash.DigestSize];
        tombstone[0] = (byte)ChainFlags;
        Digest.Span.CopyTo(tombstone.AsSpan(1));
        Payload = tombstone;
    }
}

using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Delivery;

/// <summary>The sender's side of one delivery stream: messages numbered and not yet acknowledged, in order.</summary>
internal sealed class OutgoingStream
{
    internal const int RetiredCountMax = 16;
    internal const int CompletedCountMax = 64;

    // A search through fewer costs less than a table.
    private const int SearchedCountMax = 32;

    private OutgoingMessage[] _ring = [];

    // From the first search in a long outbox until it is empty.
    private Dictionary<Guid, ulong>? _numbers;
    private int _head;
    private ulong _chainedThrough;
    private MonotonicMillis _unansweredSince = MonotonicMillis.Never;

    /// <summary>Gets or sets the stream's id; none before the peer is added.</summary>
    internal StreamId Id { get; set; }

    internal ulong LowestUnacknowledged { get; private set; } = 1;

    internal int Count { get; private set; }

    /// <summary>Gets the number the next message will have.</summary>
    internal ulong Next => LowestUnacknowledged + (ulong)Count;

    /// <summary>Gets the chain just below the lowest unacknowledged number.</summary>
    internal ChainValue ChainBelow { get; private set; }

    /// <summary>Gets whether the peer has acknowledged anything since this side knows it, in this stream or an earlier one.</summary>
    internal bool WasAcknowledged => LowestUnacknowledged > 1 || Completed.Count > 0;

    internal long PayloadBytes { get; private set; }

    internal StopReason? Stopped { get; set; }

    /// <summary>This side's earlier streams, newest last; bounded.</summary>
    internal ShortList<StreamId> Retired;

    /// <summary>Operations that were acknowledged lately, so that a late repeat of one is answered, not sent again.</summary>
    internal ShortList<Guid> Completed;

    /// <summary>The numbers whose rows in the store are to be deleted by the next snapshot.</summary>
    internal ShortList<ulong> StaleRows;

    // Volatile: what was sent in this stay of the owner, and when to send again.

    /// <summary>Gets or sets the highest number sealed since the current session was chosen.</summary>
    internal ulong SentThrough { get; set; }

    /// <summary>When to send again what is not acknowledged. A field, since it changes in place.</summary>
    internal ResendTimer Timer;

    /// <summary>Gets or sets how many may be in flight; a few when an answer stays out, grown by answers; 0: not yet chosen.</summary>
    internal int Window { get; set; }

    internal MonotonicMillis ResendAt { get; set; } = MonotonicMillis.Never;

    /// <summary>Gets or sets since when a message sent has gone unacknowledged. Only an acknowledgement clears it: a peer may
    /// answer all else in a session that this side alone still sends in.</summary>
    internal MonotonicMillis? UnansweredSince
    {
        get => MonotonicMillis.Known(_unansweredSince);
        set => _unansweredSince = value ?? MonotonicMillis.Never;
    }

    internal ChainValue ChainLast => ChainBefore(Next);

    internal OutgoingMessage this[ulong number] =>
        _ring[(_head + (int)(number - LowestUnacknowledged)) & (_ring.Length - 1)];

    /// <summary>Gets the chain just below a number from the lowest unacknowledged to the next.</summary>
    /// <remarks>Worked out when first asked for: what is only stored, or recovered, is not hashed.</remarks>
    internal ChainValue ChainBefore(ulong number)
    {
        if (number == LowestUnacknowledged)
        {
            return ChainBelow;
        }

        while (_chainedThrough < number - 1)
        {
            var next = _chainedThrough + 1;
            var previous = next == LowestUnacknowledged ? ChainBelow : this[next - 1].ChainAfter;
            this[next].ChainAfter = ChainHash.Next(previous, next, this[next].ChainFlags, this[next].Digest.Span);
            _chainedThrough = next;
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
        SentThrough = lowestUnacknowledged - 1;
        _chainedThrough = SentThrough;
    }

    internal void Add(OutgoingMessage message)
    {
        if (Count == _ring.Length)
        {
            var grown = new OutgoingMessage[Math.Max(4, _ring.Length * 2)];
            for (var i = 0; i < Count; i++)
            {
                grown[i] = _ring[(_head + i) & (_ring.Length - 1)];
            }

            _ring = grown;
            _head = 0;
        }

        _numbers?.TryAdd(message.Operation, Next);
        _ring[(_head + Count) & (_ring.Length - 1)] = message;
        Count++;
        PayloadBytes += message.Payload.Length;
    }

    /// <summary>Drops everything up to <paramref name="number"/>.</summary>
    internal void AcknowledgeThrough(ulong number)
    {
        while (LowestUnacknowledged <= number)
        {
            ChainBelow = ChainBefore(LowestUnacknowledged + 1);
            ref var slot = ref _ring[_head];
            PayloadBytes -= slot.Payload.Length;
            Remember(slot.Operation);
            _numbers?.Remove(slot.Operation);
            if (slot.Row != RowState.Absent)
            {
                StaleRows.Add(LowestUnacknowledged);
            }

            slot = null!;
            _head = (_head + 1) & (_ring.Length - 1);
            Count--;
            LowestUnacknowledged++;
        }

        SentThrough = Math.Max(SentThrough, LowestUnacknowledged - 1);
        if (Count == 0)
        {
            _ring = [];     // an idle peer keeps no buffer
            _numbers = null;
            _head = 0;
        }
    }

    /// <summary>Gives up the payload of an expired message; its place in the chain stays.</summary>
    internal void Expire(ulong number)
    {
        var message = this[number];
        PayloadBytes -= message.Payload.Length;
        message.Void();
        PayloadBytes += message.Payload.Length;
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
        _ring = [];
        _numbers = null;
        _head = 0;
        Count = 0;
        PayloadBytes = 0;
        Stopped = null;
        Retired.Clear();
        Completed.Clear();
        Timer = default;
        Window = 0;
        ResendAt = MonotonicMillis.Never;
        UnansweredSince = null;
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

        _ring = [];
        _numbers = null;
        _head = 0;
        Count = 0;
        PayloadBytes = 0;
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
            return (_numbers ??= Index()).TryGetValue(operation, out number);
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

using System.Text;
using Kyberium.Engine.Cluster.Framing;

namespace Kyberium.Engine.Cluster.Calls;

/// <summary>The calling side of one connection as a state machine: what may be sent, and what an answer means. Pure; its link's lock
/// protects it.</summary>
internal sealed class OutgoingConnection
{
    private readonly List<uint> _cancels = [];
    private readonly List<int> _sending = [];
    private SlotTable _slots = new(0);
    private LinkGrant _grant;
    private int _smallBytes;
    private int _inPieces;
    private int _nextSending;
    private int _arrivingInPieces;

    /// <summary>Gets whether the other side has granted something.</summary>
    internal bool IsWelcome { get; private set; }

    /// <summary>Gets or sets whether nothing new goes out here: it ends when all is answered.</summary>
    internal bool IsDraining { get; set; }

    internal int UnansweredCount => _slots.BusyCount;

    internal int PayloadBytesMax => _grant.PayloadBytesMax;

    /// <summary>Gets or sets whether the other side is to be asked whether it is there.</summary>
    internal bool Asks { get; set; }

    /// <summary>Gets or sets whether the other side has asked that and waits for an answer.</summary>
    internal bool IsAsked { get; set; }

    /// <summary>Gets whether there is something to write besides requests that wait.</summary>
    internal bool HasOwnWork => Asks || IsAsked || _cancels.Count > 0 || _sending.Count > 0;

    internal void Welcome(LinkGrant grant)
    {
        if (IsWelcome)
        {
            throw new LinkProtocolException("a second welcome");
        }

        (IsWelcome, _grant, _slots) = (true, grant, new SlotTable(grant.RequestCountMax));
    }

    internal bool HasRoomFor(int payloadLength) =>
        IsWelcome && !IsDraining && _slots.HasFree
        && (payloadLength > FrameFormat.PieceBytesMax ? _inPieces < _grant.InPiecesCountMax : _smallBytes + payloadLength <= _grant.RequestBytesMax);

    /// <summary>Writes a request. There must be room for it.</summary>
    internal void Send(in Pending pending, FrameWriter writer, long now)
    {
        var request = pending.Call.Request(pending.Index);
        ref var slot = ref _slots.Take();
        slot.Pending = pending;
        slot.PayloadLength = request.Payload.Length;
        if (slot.IsInPieces)
        {
            _inPieces++;
            _sending.Add(FrameFormat.SlotOf(slot.Correlation));
        }
        else
        {
            _smallBytes += slot.PayloadLength;
        }

        writer.Request(slot.Correlation, request.Operation, request.Shard, (uint)(pending.DueMillis - now), request.Payload.Span);
    }

    /// <summary>Writes at most one piece of each payload that is under way, then cancellations.</summary>
    internal void WriteOwnWork(FrameWriter writer)
    {
        if (Asks)
        {
            writer.Ask();
        }

        if (IsAsked)
        {
            writer.Here();
        }

        (Asks, IsAsked) = (false, false);
        WritePieces(writer);
        foreach (var correlation in _cancels)
        {
            writer.Cancel(correlation);
        }

        _cancels.Clear();
    }

    private void WritePieces(FrameWriter writer)
    {
        for (var turns = _sending.Count; turns > 0 && _sending.Count > 0; turns--)
        {
            _nextSending = _nextSending >= _sending.Count ? 0 : _nextSending;
            ref var slot = ref _slots[_sending[_nextSending]];
            if (slot.Pending.IsSettled)
            {
                GiveUp(ref slot);       // its caller may use the payload's memory for something else by now
                continue;
            }

            var payload = slot.Pending.Call.Request(slot.Pending.Index).Payload.Span;
            var length = Math.Min(FrameFormat.PieceBytesMax, payload.Length - slot.SentLength);
            writer.Piece(slot.Correlation, payload.Slice(slot.SentLength, length));
            slot.SentLength += length;
            if (slot.SentLength == payload.Length)
            {
                _sending.RemoveAt(_nextSending);
            }
            else
            {
                _nextSending++;
            }
        }
    }

    /// <summary>Takes an answer.</summary>
    /// <param name="bytes">The payload that the item itself carries; kept by the caller of the request.</param>
    internal void Answer(in LinkItem item, ReadOnlyMemory<byte> bytes)
    {
        ref var slot = ref _slots.Find(item.Correlation);
        if (slot.ArrivingLength > 0 || (IsUnsent(slot) && !slot.IsCancelled))
        {
            throw new LinkProtocolException("a second answer, or one to a request that is not complete");
        }

        if (item.Status == WireStatus.Done && item.PayloadLength > FrameFormat.PieceBytesMax)
        {
            BeginArriving(ref slot, item.PayloadLength);
            return;
        }

        var pending = slot.Pending;
        Free(ref slot);
        pending.Settle(Read(item, bytes));
    }

    /// <summary>Takes a piece of an answer's payload.</summary>
    internal void Piece(in LinkItem item, ReadOnlySpan<byte> bytes)
    {
        ref var slot = ref _slots.Find(item.Correlation);
        if (slot.ArrivingLength - slot.ArrivedLength < bytes.Length)
        {
            throw new LinkProtocolException("a piece beyond the payload that was announced");
        }

        if (slot.Arriving is { } arriving)
        {
            bytes.CopyTo(arriving.AsSpan(slot.ArrivedLength));
        }

        slot.ArrivedLength += bytes.Length;
        if (slot.ArrivedLength == slot.ArrivingLength)
        {
            var (pending, whole) = (slot.Pending, slot.Arriving);
            _arrivingInPieces--;
            Free(ref slot);
            if (whole is not null)
            {
                pending.Settle(ClusterAnswer.Done(whole));
            }
        }
    }

    /// <summary>Tells the other side to stop what nobody waits for any more, and settles what is out of time.</summary>
    internal void Sweep(long now)
    {
        for (var number = 0; number < _slots.UsedCount; number++)
        {
            ref var slot = ref _slots[number];
            if (!slot.IsBusy || slot.IsCancelled)
            {
                continue;
            }

            if (!slot.Pending.IsSettled && slot.Pending.DueMillis <= now)
            {
                slot.Pending.Settle(LinkErrors.TimedOut(mayHaveHappened: true, isConnected: true));
            }

            if (slot.Pending.IsSettled)
            {
                GiveUp(ref slot);
            }
        }
    }

    /// <summary>Gives back what was sent and not answered; afterwards nothing of this connection means anything.</summary>
    internal void Lose(List<Pending> unanswered)
    {
        for (var number = 0; number < _slots.UsedCount; number++)
        {
            ref var slot = ref _slots[number];
            if (slot.IsBusy && !slot.Pending.IsSettled)
            {
                unanswered.Add(slot.Pending with { MayHaveHappened = true });
            }
        }

        (IsDraining, _slots) = (true, new SlotTable(0));
        _cancels.Clear();
        _sending.Clear();
    }

    private void GiveUp(ref Slot slot)
    {
        slot.IsCancelled = true;
        slot.Arriving = null;
        _sending.Remove(FrameFormat.SlotOf(slot.Correlation));
        _cancels.Add(slot.Correlation);
    }

    private static bool IsUnsent(in Slot slot) => slot.IsInPieces && slot.SentLength < slot.PayloadLength;

    private void BeginArriving(ref Slot slot, int length)
    {
        if (length > _grant.PayloadBytesMax || ++_arrivingInPieces > FrameFormat.AnswersInPiecesMax)
        {
            throw new LinkProtocolException("an answer that is too long, or too many in pieces at once");
        }

        slot.ArrivingLength = length;
        slot.Arriving = slot.Pending.IsSettled ? null : GC.AllocateUninitializedArray<byte>(length);
    }

    private void Free(ref Slot slot)
    {
        if (slot.IsInPieces)
        {
            _inPieces--;
        }
        else
        {
            _smallBytes -= slot.PayloadLength;
        }

        _slots.Free(ref slot);
    }

    private static ClusterAnswer Read(in LinkItem item, ReadOnlyMemory<byte> bytes) => item.Status switch
    {
        WireStatus.Done => ClusterAnswer.Done(bytes),
        WireStatus.Failed => ClusterAnswer.Failed((EngineErrorCode)item.Code, Encoding.UTF8.GetString(item.Text)),
        WireStatus.WrongOwner => ClusterAnswer.WrongOwner(new OwnerHint(
            item.Text.IsEmpty ? default : new NodeId(Encoding.ASCII.GetString(item.Text)), Encoding.ASCII.GetString(item.Address),
            new Fence(item.Fence), item.MapVersion)),
        _ => LinkErrors.OutcomeUnknown("the other node gave the request up"),
    };
}

using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Delivery;

/// <summary>The receiver's side of a peer's delivery stream: what comes next, and what waits for the application.</summary>
internal sealed class IncomingStream
{
    internal const int RetiredCountMax = 16;

    private LinkedList<IncomingMessage>? _unhandled;        // an idle peer has none

    /// <summary>Gets or sets the peer's stream; none before the first was adopted.</summary>
    internal StreamId Id { get; set; }

    /// <summary>Gets or sets the number that will be accepted next.</summary>
    internal ulong Expected { get; set; } = 1;

    /// <summary>Gets or sets the chain below <see cref="Expected"/>; unknown after a stream was adopted in its middle,
    /// until its first message tells it.</summary>
    internal ChainValue? ChainBelow { get; set; }

    internal StopReason? Stopped { get; set; }

    /// <summary>Gets or sets how often this stay of the owner has taken up another stream or let one go, counted from 1: what was told under an earlier count may be
    /// older than what is known. Volatile, as are the handshakes that remember it.</summary>
    internal int Turn { get; set; } = 1;

    /// <summary>The peer's earlier streams, newest last; bounded. Meeting one again means a store went back in time.</summary>
    internal ShortList<StreamId> Retired;

    /// <summary>Gets what was accepted and is not yet handled, in the order of acceptance. Who only asks whether there is any asks
    /// <see cref="UnhandledCount"/>: this makes the list.</summary>
    internal LinkedList<IncomingMessage> Unhandled => _unhandled ??= new();

    internal int UnhandledCount => _unhandled?.Count ?? 0;

    internal long PayloadBytes { get; set; }

    /// <summary>Gets or sets the place the next accepted message takes in the order of acceptance, whatever its stream.</summary>
    internal ulong NextOrdinal { get; set; } = 1;

    /// <summary>The ordinals whose rows in the store are to be deleted by the next snapshot.</summary>
    internal ShortList<ulong> StaleRows;

    /// <summary>Gets or sets authentic messages that came before their turn; volatile and bounded, they will come again.</summary>
    internal SortedDictionary<ulong, EarlyMessage>? Early { get; set; }

    /// <summary>Gets or sets whether the peer has to be told how far acceptance has come.</summary>
    internal bool AcknowledgementOwed { get; set; }

    /// <summary>Gets the highest number, of those still expected, that waits here already: it was accepted before an operator had the stream taken up
    /// anew, and comes again. 0 when there is none, as nearly always.</summary>
    internal ulong WaitsThrough { get; private set; }

    /// <summary>Works <see cref="WaitsThrough"/> out again.</summary>
    internal void FindWaiting()
    {
        WaitsThrough = 0;
        if (UnhandledCount == 0)
        {
            return;
        }

        foreach (var message in Unhandled)
        {
            if (message.Stream == Id && message.Number >= Expected)
            {
                WaitsThrough = Math.Max(WaitsThrough, message.Number);
            }
        }
    }

    internal LinkedListNode<IncomingMessage>? Find(StreamId stream, ulong number)
    {
        for (var node = _unhandled?.First; node is not null; node = node.Next)
        {
            if (node.Value.Number == number && node.Value.Stream == stream)
            {
                return node;
            }
        }

        return null;
    }

    /// <summary>Says whether a stream was left for another. While none is known none counts as left: an operator let the last one go, and whatever
    /// the peer goes on with is right.</summary>
    internal bool IsRetired(StreamId stream) => !Id.IsZero && Retired.Contains(stream);

    /// <summary>Forgets where the peer's stream stood; what waits for the application stays.</summary>
    internal void Forget()
    {
        Retire();
        Turn++;
        Id = default;
        Expected = 1;
        ChainBelow = null;
        Stopped = null;
        Early = null;
        AcknowledgementOwed = false;
    }

    /// <summary>Forgets everything, with the peer.</summary>
    internal void Clear()
    {
        Forget();
        Retired.Clear();
        StaleRows.AddRange((_unhandled ?? []).Where(message => message.Row != RowState.Absent).Select(message => message.Ordinal));
        _unhandled = null;
        PayloadBytes = 0;
    }

    internal void Adopt(StreamId stream, ulong expected)
    {
        if (Id.IsZero)
        {
            Retired.Remove(stream);
        }
        else if (Id != stream)
        {
            Retire();
        }

        Turn++;
        Id = stream;
        Expected = expected;
        ChainBelow = expected == 1 ? ChainHash.Start(stream) : null;
        Stopped = null;
        Early = null;
        FindWaiting();
    }

    private void Retire()
    {
        if (!Id.IsZero)
        {
            Retired.AddNewest(Id, RetiredCountMax);
        }
    }
}

/// <summary>A message that was accepted and waits to be handled.</summary>
internal sealed class IncomingMessage
{
    internal required StreamId Stream { get; init; }

    internal required ulong Number { get; init; }

    internal required ulong Ordinal { get; init; }

    internal required MessageFlags Flags { get; init; }

    internal required ReadOnlyMemory<byte> Payload { get; init; }

    internal RowState Row { get; set; }

    /// <summary>Gets or sets how often the handler failed at it.</summary>
    internal int Failures { get; set; }

    /// <summary>Gets or sets whether it was set aside: nobody is handed it until an operator retries or drops it.</summary>
    internal bool SetAside { get; set; }

    /// <summary>Gets or sets whether the application has it now; volatile.</summary>
    internal bool HandedOut { get; set; }

    internal void Changed() => Row = Row == RowState.Absent ? RowState.Absent : RowState.Outdated;
}

/// <summary>A message that came, before its turn or in it.</summary>
internal readonly record struct EarlyMessage(ChainValue ChainBelow, MessageFlags Flags, ReadOnlyMemory<byte> Payload, MonotonicMillis CameAt)
{
    internal bool IsVoid => (Flags & MessageFlags.Void) != 0;
}

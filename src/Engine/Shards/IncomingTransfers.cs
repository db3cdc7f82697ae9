using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>Puts parts of larger payloads together while a peer's inbox is walked through, in order of acceptance.</summary>
/// <remarks>
/// Nothing is remembered between two walks: parts wait in the inbox, so that a crash loses none. A sender has one transfer
/// open at a time; parts that can no longer become whole are collected to be dropped. Rules: docs/formats/streams.md.
/// </remarks>
/// <param name="bytesMax">What the inbox holds at most.</param>
/// <param name="countMax">How many messages the inbox holds at most.</param>
internal sealed class IncomingTransfers(long bytesMax, int countMax)
{
    private readonly List<IncomingMessage> _chunks = [];
    private TransferId _open;
    private ulong _length;
    private long _held;
    private int _largest = TransferEnd.Size;

    /// <summary>Gets the parts that will never be whole.</summary>
    internal List<IncomingMessage> Dropped { get; } = [];

    /// <summary>Gets the transfers that this side can never take: their sender is told.</summary>
    internal List<TransferId> Refused { get; } = [];

    /// <summary>Gets what is to be told of them.</summary>
    internal List<string> Reports { get; } = [];

    /// <summary>Says whether a message is part of a larger payload.</summary>
    internal static bool IsPart(IncomingMessage message) => (message.Flags & (MessageFlags.Chunk | MessageFlags.ChunkEnd)) != 0;

    /// <summary>Finds the chunks of a transfer whose end mark is in the inbox.</summary>
    internal static List<IncomingMessage> ChunksOf(IncomingStream incoming, IncomingMessage end)
    {
        var transfer = TransferId.Read(end.Payload.Span);
        return [.. incoming.Unhandled
            .TakeWhile(message => message != end)
            .Where(message => message.Flags == MessageFlags.Chunk && TransferChunk.TryRead(message.Payload.Span, out var chunk)
                && chunk.Transfer == transfer)];
    }

    /// <summary>Takes the next part.</summary>
    /// <returns>The chunks in order, when this is the end mark of a whole transfer.</returns>
    internal IReadOnlyList<IncomingMessage>? Add(IncomingMessage part) => part.Flags switch
    {
        MessageFlags.Chunk => AddChunk(part),
        MessageFlags.ChunkEnd => AddEnd(part),
        _ => AddAbort(part),
    };

    /// <summary>After the last message: a transfer that the inbox has no room to complete is dropped, or it would stop the peer for ever.</summary>
    internal void End()
    {
        if (_chunks.Count > 0 && (_held + _largest > bytesMax || _chunks.Count >= countMax))
        {
            Refused.Add(_open);
            DropOpen("it is longer than the inbox may hold");
        }
    }

    private IncomingMessage[]? AddChunk(IncomingMessage part)
    {
        if (!TransferChunk.TryRead(part.Payload.Span, out var chunk))
        {
            Dropped.Add(part);
            return null;
        }

        var belongs = _chunks.Count > 0 && chunk.Transfer == _open;
        if (chunk.Index == 0 && !belongs)
        {
            DropOpen("another began before its end");
            _open = chunk.Transfer;
        }
        else if (!belongs || chunk.Index != (ulong)_chunks.Count)
        {
            if (belongs && chunk.Index > (ulong)_chunks.Count)
            {
                DropOpen("a part of it expired");
            }

            Dropped.Add(part);      // of a transfer dropped before, or a repetition
            return null;
        }

        _chunks.Add(part);
        _held += part.Payload.Length;
        _length += (ulong)(part.Payload.Length - TransferChunk.HeadSize);
        _largest = Math.Max(_largest, part.Payload.Length);
        return null;
    }

    private IncomingMessage[]? AddEnd(IncomingMessage part)
    {
        if (TransferEnd.TryRead(part.Payload.Span, out var end)
            && (_chunks.Count == 0 ? end.Length == 0 : end.Transfer == _open && end.Length == _length))
        {
            IncomingMessage[] whole = [.. _chunks];
            Close();
            return whole;
        }

        if (_chunks.Count == 0)
        {
            Reports.Add("a transfer of which parts are missing was dropped");
        }

        DropOpen("parts of it are missing");
        Dropped.Add(part);
        return null;
    }

    private IncomingMessage[]? AddAbort(IncomingMessage part)
    {
        if (_chunks.Count > 0 && part.Payload.Length == TransferId.Size && TransferId.Read(part.Payload.Span) == _open)
        {
            DropOpen("its sender gave up");
        }

        Dropped.Add(part);
        return null;
    }

    private void DropOpen(string why)
    {
        if (_chunks.Count > 0)
        {
            Reports.Add($"transfer {_open} of {_chunks.Count} chunks so far was dropped: {why}");
            Dropped.AddRange(_chunks);
        }

        Close();
    }

    private void Close()
    {
        _chunks.Clear();
        _open = default;
        _length = 0;
        _held = 0;
        _largest = TransferEnd.Size;
    }
}

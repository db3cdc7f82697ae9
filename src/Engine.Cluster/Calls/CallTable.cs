using Kyberium.Engine.Cluster.Framing;

namespace Kyberium.Engine.Cluster.Calls;

/// <summary>The calling side of the link to one node as a state machine: what waits, what goes out next, what becomes of it when a connection
/// is lost. Pure: time comes in as values of this process's own clock. Not thread-safe; its link's lock protects it.</summary>
/// <remarks>Every request that was submitted is settled exactly once: by its answer, by the end of its time, by its caller's
/// <see cref="Call.Cancel"/> (the next sweep tells the other side), or by <see cref="Close"/>.</remarks>
internal sealed class CallTable(int waitingCountMax)
{
    /// <summary>How much is written at once: what came later waits for no more than this.</summary>
    internal const int FillBytesMax = 128 << 10;

    private readonly Queue<Pending> _small = new();
    private readonly Queue<Pending> _inPieces = new();
    private readonly List<OutgoingConnection> _connections = [];
    private readonly List<Pending> _returned = [];
    private bool _closed;

    /// <summary>Gets the newest connection; requests go out on this one only.</summary>
    internal OutgoingConnection? Current { get; private set; }

    internal int WaitingCount => _small.Count + _inPieces.Count;

    internal int UnansweredCount => _connections.Sum(connection => connection.UnansweredCount);

    /// <summary>Gets whether there is something whose time can end.</summary>
    internal bool HasWork => WaitingCount > 0 || _connections.Exists(connection => connection.UnansweredCount > 0);

    /// <summary>Takes a call; what finds no room is settled at once.</summary>
    internal void Submit(Call call, long now)
    {
        var full = WaitingCount + call.Count > waitingCountMax;
        for (var index = 0; index < call.Count; index++)
        {
            var request = call.Request(index);
            if (_closed)
            {
                call.Settle(index, LinkErrors.Ended(mayHaveHappened: false));
            }
            else if (full)
            {
                call.Settle(index, LinkErrors.Waiting(WaitingCount));
            }
            else if (request.Payload.Length > FrameFormat.PayloadBytesMax)
            {
                call.Settle(index, LinkErrors.TooLarge(request.Payload.Length, FrameFormat.PayloadBytesMax));
            }
            else
            {
                Enqueue(new Pending(call, index, now + (long)Math.Ceiling(request.Remaining.TotalMilliseconds), MayHaveHappened: false), request);
            }
        }
    }

    /// <summary>Sends new requests over <paramref name="connection"/> from now on; older connections only end what they have.</summary>
    internal void Connected(OutgoingConnection connection)
    {
        if (Current is { } previous)
        {
            previous.IsDraining = true;
        }

        _connections.Add(connection);
        Current = connection;
    }

    /// <summary>The other side takes no more here; what was sent is answered yet.</summary>
    internal void GoingAway(OutgoingConnection connection)
    {
        connection.IsDraining = true;
        Current = Current == connection ? null : Current;
    }

    /// <summary>Takes back what a connection has not answered, to be sent again under the same operation ids.</summary>
    internal void Lost(OutgoingConnection connection)
    {
        if (!_connections.Remove(connection))
        {
            return;
        }

        Current = Current == connection ? null : Current;
        connection.Lose(_returned);
        foreach (var pending in _returned)
        {
            if (_closed)
            {
                pending.Settle(LinkErrors.Ended(mayHaveHappened: true));
            }
            else
            {
                Enqueue(pending, pending.Call.Request(pending.Index));
            }
        }

        _returned.Clear();
    }

    /// <summary>Writes what <paramref name="connection"/> sends next.</summary>
    /// <returns>Whether something was written.</returns>
    internal bool Fill(OutgoingConnection connection, FrameWriter writer, long now)
    {
        var before = writer.Count;
        connection.WriteOwnWork(writer);
        if (connection == Current)
        {
            Fill(_inPieces, connection, writer, now);
            Fill(_small, connection, writer, now);
        }

        return writer.Count > before;
    }

    /// <summary>Settles what is out of time and forgets what was cancelled.</summary>
    internal void Sweep(long now)
    {
        Sweep(_small, now);
        Sweep(_inPieces, now);
        foreach (var connection in _connections)
        {
            connection.Sweep(now);
        }
    }

    /// <summary>Settles everything; what comes later is refused.</summary>
    internal void Close()
    {
        _closed = true;
        foreach (var queue in (Queue<Pending>[])[_small, _inPieces])
        {
            while (queue.TryDequeue(out var pending))
            {
                pending.Settle(LinkErrors.Ended(pending.MayHaveHappened));
            }
        }

        while (_connections.Count > 0)
        {
            Lost(_connections[^1]);
        }
    }

    private void Enqueue(in Pending pending, in ClusterRequest request) =>
        (request.Payload.Length > FrameFormat.PieceBytesMax ? _inPieces : _small).Enqueue(pending);

    private static void Fill(Queue<Pending> queue, OutgoingConnection connection, FrameWriter writer, long now)
    {
        while (writer.Count < FillBytesMax && queue.TryPeek(out var pending))
        {
            if (pending.IsSettled)
            {
                queue.Dequeue();
                continue;
            }

            var length = pending.Call.Request(pending.Index).Payload.Length;
            if (pending.DueMillis <= now)
            {
                queue.Dequeue();
                pending.Settle(LinkErrors.TimedOut(pending.MayHaveHappened, isConnected: true));
            }
            else if (connection.IsWelcome && length > connection.PayloadBytesMax)
            {
                queue.Dequeue();
                pending.Settle(LinkErrors.TooLarge(length, connection.PayloadBytesMax));
            }
            else if (connection.HasRoomFor(length))
            {
                queue.Dequeue();
                connection.Send(pending, writer, now);
            }
            else
            {
                return;
            }
        }
    }

    private void Sweep(Queue<Pending> queue, long now)
    {
        for (var count = queue.Count; count > 0; count--)
        {
            var pending = queue.Dequeue();
            if (pending.IsSettled)
            {
                continue;
            }

            if (pending.DueMillis <= now)
            {
                pending.Settle(LinkErrors.TimedOut(pending.MayHaveHappened, Current is { IsWelcome: true }));
            }
            else
            {
                queue.Enqueue(pending);
            }
        }
    }
}

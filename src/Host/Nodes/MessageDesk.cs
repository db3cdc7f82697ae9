using System.Runtime.CompilerServices;
using Kyberium.Engine;
using Kyberium.Host.Documents;

namespace Kyberium.Host.Nodes;

/// <summary>Hands the engine's messages to one receiver at a time. What a receiver took and did not acknowledge goes to the next one.</summary>
/// <remarks>The engine counts a message as handed out until it is handled, so what a vanished receiver leaves must be kept here.</remarks>
internal sealed class MessageDesk(SessionEngine engine)
{
    /// <summary>How many messages a receiver may hold unacknowledged; the next one waits.</summary>
    internal const int OpenCountMax = 64;

    private readonly Lock _gate = new();
    private readonly LinkedList<ReceivedMessage> _open = new();
    private readonly LinkedList<ReceivedMessage> _left = new();
    private IAsyncEnumerator<ReceivedMessage>? _arriving;
    private Task<bool>? _next;
    private TaskCompletionSource _room = NewSignal();
    private bool _taken;

    internal async IAsyncEnumerable<MessageDocument> ReceiveAsync(
        long? countMax, bool waits, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Take();
        try
        {
            var remaining = countMax ?? long.MaxValue;
            if (!waits)
            {
                remaining = Math.Min(remaining, await CountWaitingAsync(cancellationToken));
            }

            for (; remaining > 0; remaining--)
            {
                if (await NextAsync(cancellationToken) is not { } message)
                {
                    yield break;        // the engine was stopped
                }

                yield return MessageDocument.Of(message);
            }
        }
        finally
        {
            Release();
        }
    }

    /// <summary>A message was handled: there is room for another.</summary>
    internal void Settled(ReceivedMessageId id)
    {
        lock (_gate)
        {
            // What a receiver printed last may be acknowledged when it has left already.
            if (Remove(_open, id) || Remove(_left, id))
            {
                _room.TrySetResult();
            }
        }
    }

    private static bool Remove(LinkedList<ReceivedMessage> messages, ReceivedMessageId id)
    {
        for (var node = messages.First; node is not null; node = node.Next)
        {
            if (node.Value.Id == id)
            {
                messages.Remove(node);
                return true;
            }
        }

        return false;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Take()
    {
        lock (_gate)
        {
            if (_taken)
            {
                throw HostErrors.ReceiverBusy();
            }

            _taken = true;
        }
    }

    private void Release()
    {
        lock (_gate)
        {
            _taken = false;
            ReceivedMessage[] left = [.. _open, .. _left];      // in the order they came
            _open.Clear();
            _left.Clear();
            foreach (var message in left)
            {
                _left.AddLast(message);
            }
        }
    }

    // Only this receiver takes messages out, so what is counted here is there to be had.
    private async Task<long> CountWaitingAsync(CancellationToken cancellationToken)
    {
        var count = 0L;
        await foreach (var (identity, peer) in engine.ListPeersAsync(cancellationToken))
        {
            var info = await engine.GetPeerAsync(peer, identity, cancellationToken);
            count += info.InboxCount - info.SetAsideCount;
        }

        return count;
    }

    private async Task<ReceivedMessage?> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task room;
            lock (_gate)
            {
                if (_open.Count < OpenCountMax)
                {
                    break;
                }

                _room = NewSignal();
                room = _room.Task;
            }

            await room.WaitAsync(cancellationToken);
        }

        lock (_gate)
        {
            if (_left.First is { } left)
            {
                _left.RemoveFirst();
                _open.AddLast(left.Value);
                return left.Value;
            }
        }

        // Never cancelled itself: a message on its way would be lost until the engine starts again.
        _arriving ??= engine.ReceiveAsync(CancellationToken.None).GetAsyncEnumerator(CancellationToken.None);
        _next ??= _arriving.MoveNextAsync().AsTask();
        if (!await _next.WaitAsync(cancellationToken))
        {
            return null;
        }

        _next = null;
        lock (_gate)
        {
            _open.AddLast(_arriving.Current);
            return _arriving.Current;
        }
    }
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>The larger payloads this engine sends or has sent of late, so that a refusal of one finds its sender. In memory.</summary>
internal sealed class OutgoingTransfers
{
    private const int CompletedCountMax = 1_024;
    private const int PassedOnCountMax = 1_024;

    private readonly Lock _lock = new();
    private readonly Dictionary<(PeerKey Peer, TransferId Transfer), Sending> _known = [];
    private readonly Queue<(PeerKey Peer, TransferId Transfer)> _completed = new();
    private readonly Dictionary<(PeerKey Peer, TransferId Transfer), LinkedListNode<PassedOn>> _passedOn = [];
    private readonly LinkedList<PassedOn> _passedOnByUse = new();

    /// <summary>Begins one; disposed when its call ends, however it ends.</summary>
    internal Sending Begin(PeerKey peer, TransferId transfer, Guid operation)
    {
        var sending = new Sending(this, (peer, transfer), operation);
        lock (_lock)
        {
            _known[(peer, transfer)] = sending;
        }

        return sending;
    }

    /// <summary>Says which operation a transfer is, when it is one of ours.</summary>
    internal Guid? OperationOf(PeerKey peer, TransferId transfer)
    {
        lock (_lock)
        {
            return _known.TryGetValue((peer, transfer), out var sending) ? sending.Operation
                : _passedOn.TryGetValue((peer, transfer), out var passedOn) ? passedOn.Value.Operation
                : null;
        }
    }

    /// <summary>Notes a part that another node's caller sends: what the peer answers to its transfer comes here, and that caller asks with its next part.</summary>
    /// <param name="operation">The operation of the whole.</param>
    /// <returns><see langword="false"/>: the peer has refused the transfer.</returns>
    internal bool TryPassOn(PeerKey peer, TransferId transfer, Guid operation)
    {
        lock (_lock)
        {
            if (_passedOn.TryGetValue((peer, transfer), out var known))
            {
                known.Value.Operation = operation;
                _passedOnByUse.Remove(known);
                _passedOnByUse.AddLast(known);
                return !known.Value.IsRefused;
            }

            _passedOn[(peer, transfer)] = _passedOnByUse.AddLast(new PassedOn(peer, transfer) { Operation = operation });
            if (_passedOn.Count > PassedOnCountMax)
            {
                var oldest = _passedOnByUse.First!.Value;
                _passedOn.Remove((oldest.Peer, oldest.Transfer));
                _passedOnByUse.RemoveFirst();
            }

            return true;
        }
    }

    /// <summary>The peer will not take it: a call that still sends it ends.</summary>
    internal void Refuse(PeerKey peer, TransferId transfer)
    {
        Sending? sending;
        lock (_lock)
        {
            _known.TryGetValue((peer, transfer), out sending);
            if (_passedOn.TryGetValue((peer, transfer), out var passedOn))
            {
                passedOn.Value.IsRefused = true;
            }
        }

        sending?.Refuse();
    }

    private void Complete((PeerKey Peer, TransferId Transfer) key)
    {
        lock (_lock)
        {
            _completed.Enqueue(key);
            if (_completed.Count > CompletedCountMax)
            {
                _known.Remove(_completed.Dequeue());
            }
        }
    }

    private sealed class PassedOn(PeerKey peer, TransferId transfer)
    {
        internal PeerKey Peer => peer;

        internal TransferId Transfer => transfer;

        internal Guid Operation { get; set; }

        internal bool IsRefused { get; set; }
    }

    internal sealed class Sending(OutgoingTransfers owner, (PeerKey, TransferId) key, Guid operation) : IDisposable
    {
        private readonly CancellationTokenSource _refused = new();
        private readonly Lock _lock = new();
        private bool _isDisposed;

        internal Guid Operation => operation;

        internal CancellationToken Refused => _refused.Token;

        internal bool IsRefused { get; private set; }

        internal void Refuse()
        {
            lock (_lock)
            {
                IsRefused = true;
                if (!_isDisposed)
                {
                    _refused.Cancel();
                }
            }
        }

        public void Dispose()
        {
            lock (_lock)
            {
                _isDisposed = true;
                _refused.Dispose();
            }

            owner.Complete(key);
        }
    }
}

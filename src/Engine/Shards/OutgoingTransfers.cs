using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>The larger payloads this engine sends or has sent of late, so that a refusal of one finds its sender. In memory.</summary>
internal sealed class OutgoingTransfers
{
    private const int CompletedCountMax = 1_024;

    private readonly Lock _lock = new();
    private readonly Dictionary<(PeerKey Peer, TransferId Transfer), Sending> _known = [];
    private readonly Queue<(PeerKey Peer, TransferId Transfer)> _completed = new();

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
            return _known.TryGetValue((peer, transfer), out var sending) ? sending.Operation : null;
        }
    }

    /// <summary>The peer will not take it: a call that still sends it ends.</summary>
    internal void Refuse(PeerKey peer, TransferId transfer)
    {
        Sending? sending;
        lock (_lock)
        {
            _known.TryGetValue((peer, transfer), out sending);
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

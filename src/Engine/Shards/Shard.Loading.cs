using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>How peers come into memory, and what is read of the store for those who ask.</summary>
internal sealed partial class Shard
{
    /// <summary>Lets work wait for its peer, which is brought into memory.</summary>
    private void Park(PeerKey key, ShardWork work)
    {
        if (_parked.Add(key, work))
        {
            Load(key);
        }
    }

    private void Load(PeerKey key)
    {
        var readsHere = _readsHere;
        _readsHere = false;
        _store.Load(key, readsHere, (loaded, failure) =>
        {
            var isTaken = false;
            PostInternal(new TurnWork(
                turn =>
                {
                    isTaken = true;
                    Loaded(turn, key, loaded, failure);
                },
                fail: _ =>
                {
                    if (!isTaken)
                    {
                        loaded?.Dispose();      // the shard has ended, and what it has in memory does not include this peer
                    }
                })
            {
                OfOnePeer = true,
            });
        });
    }

    /// <summary>The peer is out of the store: who came for its name meanwhile is served now.</summary>
    private void Left(PeerKey key)
    {
        if (!_parked.TryForget(key))
        {
            Load(key);
        }
    }

    private void Loaded(ShardTurn turn, PeerKey key, LoadedPeer? loaded, EngineException? failure)
    {
        if (failure is { Code: EngineErrorCode.ShardFenced })
        {
            throw failure;      // the shard has another owner: it ends here, and whoever waits is told so
        }

        var waiting = _parked.Take(key);
        ResidentPeer? peer = null;
        if (loaded is not null)
        {
            peer = Admit(turn, loaded);
        }
        else if (failure is null && waiting.Exists(work => work.IsForNewPeer))
        {
            peer = new ResidentPeer(_environment, new PeerState(key), PeerHash.Of(_environment.Journal.StoreId.Span, key), null)
            {
                Owner = this,
            };
            Enter(peer);
        }

        foreach (var work in waiting)
        {
            if (peer is not null)
            {
                Stage(turn, work, peer);
            }
            else
            {
                work.Fail(failure ?? ShardErrors.PeerUnknown(key));
            }
        }

        if (peer is { State.Exists: false } && peer.Staging is null)
        {
            Remove(peer);
        }
    }

    /// <summary>Finds whose receiver index this is; garbage indices wait for a bounded queue, then go unanswered.</summary>
    internal Task<PeerKey?> FindOwnerAsync(ReceiverIndex index)
    {
        if (_store.LaneLength > _environment.Settings.Shard.BatchCountMax)
        {
            return Task.FromResult<PeerKey?>(null);
        }

        var found = new TaskCompletionSource<PeerKey?>(_environment.Scheduler.Completion);
        _store.FindOwner(index, owner => found.TrySetResult(owner));
        return found.Task;
    }

    internal Task<IReadOnlyList<PeerKey>> ListPeersAsync(CancellationToken cancellationToken) => _store.ListAsync(cancellationToken);

    /// <summary>Reads the documents of pins from the store, those that are not at hand.</summary>
    /// <returns>Those that are still pinned.</returns>
    internal async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadDocumentsAsync(PeerKey peer, IReadOnlyList<Pin> pins)
    {
        var hash = PeerHash.Of(_environment.Journal.StoreId.Span, peer);
        var documents = new List<ReadOnlyMemory<byte>>();
        foreach (var pin in pins)
        {
            if (!pin.Document.IsEmpty)
            {
                documents.Add(pin.Document);
                continue;
            }

            var read = new TaskCompletionSource<ReadOnlyMemory<byte>?>(_environment.Scheduler.Completion);
            _store.ReadDocument(hash, pin.Fingerprint, (document, failure) =>
            {
                if (failure is null)
                {
                    read.TrySetResult(document);
                }
                else
                {
                    read.TrySetException(failure);
                }
            });
            if (await read.Task.ConfigureAwait(false) is { } found)
            {
                documents.Add(found);
            }
        }

        return documents;
    }

    private ResidentPeer Admit(ShardTurn turn, LoadedPeer loaded)
    {
        var peer = new ResidentPeer(_environment, loaded.State, loaded.Hash, loaded.Vault)
        {
            Owner = this,
            StoredAt = loaded.StoredAt,
            ChangedAt = loaded.ChangedAt,
            StoredIndices = loaded.StoredIndices,
            Windows = loaded.Windows,
            StoredWindows = loaded.Windows?.Digest ?? 0,
        };
        Enter(peer);
        var touched = turn.Touch(peer);
        peer.Machine.Loaded(turn.Input, touched.Output, acknowledges: peer.IsDirty);
        if (peer.State.Generation < _environment.Generation)
        {
            turn.Decide(peer, new PeerCommand.Restored(_environment.Generation), default);
        }
        else
        {
            turn.Decide(peer, new PeerCommand.Tick(), default);
        }

        peer.Windows = null;        // its epochs have taken them as they were attached
        return peer;
    }
}

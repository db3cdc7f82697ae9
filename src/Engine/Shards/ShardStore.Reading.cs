using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>What is read beside the turn, on one lane.</summary>
internal sealed partial class ShardStore
{
    /// <summary>Reads a peer, beside the turn or, if nothing else is being read and the store need not wait, on its thread.</summary>
    internal void Load(PeerKey key, bool isHere, Action<LoadedPeer?, EngineException?> done)
    {
        if (isHere)
        {
            _lane.RunOrEnqueue(() => LoadAsync(key, done));
        }
        else
        {
            _lane.Enqueue(() => LoadAsync(key, done));
        }
    }

    private async Task LoadAsync(PeerKey key, Action<LoadedPeer?, EngineException?> done)
    {
        try
        {
            var hash = PeerHash.Of(_environment.Journal.StoreId.Span, key);
            done(await PeerLoader.LoadAsync(_environment, Id, _opener, hash, ExactFrom, _stopping.Token).ConfigureAwait(false), null);
        }
        catch (EngineException failure)
        {
            done(null, failure);
        }
        catch (OperationCanceledException)
        {
            done(null, ShardErrors.Stopping(Id));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            done(null, ShardErrors.ReadFailed(Id, failure));
        }
    }

    /// <summary>Reads a public document that a peer is pinned by, beside the turn.</summary>
    /// <param name="hash">Whose.</param>
    /// <param name="fingerprint">Which.</param>
    /// <param name="done">Hears of it; neither when the peer has no such document any more.</param>
    internal void ReadDocument(PeerHash hash, Fingerprint fingerprint, Action<ReadOnlyMemory<byte>?, EngineException?> done) =>
        _lane.Enqueue(async () =>
        {
            try
            {
                done(
                    await PeerLoader.ReadDocumentAsync(_environment, Id, _opener, hash, fingerprint, _stopping.Token).ConfigureAwait(false),
                    null);
            }
            catch (EngineException failure)
            {
                done(null, failure);
            }
            catch (OperationCanceledException)
            {
                done(null, ShardErrors.Stopping(Id));
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                done(null, ShardErrors.ReadFailed(Id, failure));
            }
        });

    /// <summary>Finds whose receiver index this is, beside the turn.</summary>
    internal void FindOwner(ReceiverIndex index, Action<PeerKey?> done) => _lane.Enqueue(async () =>
    {
        PeerKey? owner = null;
        try
        {
            var row = IndexRow(index);
            if (await _environment.Journal.ReadRowAsync(Id, row, _stopping.Token).ConfigureAwait(false) is { } bytes)
            {
                owner = ReadOwner(await _opener.OpenRowAsync(new JournalRow(row, bytes), _stopping.Token).ConfigureAwait(false));
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // The journal is away, or the row is damaged, which verification shows: the peer sends again what matters.
        }

        done(owner);
    });

    /// <summary>Finds, beside the turn, the peers in whose rows messages wait for the peer or for the application.</summary>
    internal void FindWaiting(Action<PeerKey> found) => _lane.Enqueue(async () =>
    {
        try
        {
            var seen = new HashSet<PeerHash>();
            foreach (var kind in new[] { RowKind.Outbox, RowKind.Inbox })
            {
                await foreach (var row in _environment.Journal.ReadRowsAsync(Id, kind, default, _stopping.Token).ConfigureAwait(false))
                {
                    if (seen.Add(PeerHash.Read(row.Key.Key.Span)))
                    {
                        await FindNameAsync(PeerHash.Read(row.Key.Key.Span), found).ConfigureAwait(false);
                    }
                }
            }
        }
        catch (EngineException)
        {
            // A damaged store: whoever touches the peer is told, and verification names the row.
        }
        catch (OperationCanceledException)
        {
        }
    });

    /// <summary>Opens, beside the turn, those of the rows that still stand under an old data key.</summary>
    internal Task<(List<OpenedRow> Rows, int Done)> OpenOldRowsAsync(IReadOnlyList<RowKey> keys, uint olderThan, long bytesMax) =>
        OnLaneAsync(() => OpenedRow.ReadAsync(_environment.Journal, Id, _opener, keys, olderThan, bytesMax, _stopping.Token));

    /// <summary>Gives up data keys whose rows are gone.</summary>
    internal Task ForgetKeysAsync(IReadOnlyList<uint> numbers) => OnLaneAsync(() =>
    {
        foreach (var number in numbers)
        {
            _opener.Forget(number);
        }

        return Task.FromResult(true);
    });

    internal int LaneLength => _lane.Length;

    /// <summary>Lists the peers stored in this shard, in no order that means anything.</summary>
    internal Task<IReadOnlyList<PeerKey>> ListAsync(CancellationToken cancellationToken)
    {
        var listed = new TaskCompletionSource<IReadOnlyList<PeerKey>>(_environment.Scheduler.Completion);
        _lane.Enqueue(async () =>
        {
            try
            {
                var peers = new List<PeerKey>();
                await foreach (var row in _environment.Journal.ReadRowsAsync(Id, RowKind.PeerKey, default, cancellationToken).ConfigureAwait(false))
                {
                    peers.Add(PeerLoader.ReadName(await _opener.OpenRowAsync(row, cancellationToken).ConfigureAwait(false)));
                }

                listed.TrySetResult(peers);
            }
            catch (EngineException failure)
            {
                listed.TrySetException(failure);
            }
            catch (OperationCanceledException)
            {
                listed.TrySetCanceled(cancellationToken);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                listed.TrySetException(ShardErrors.ReadFailed(Id, failure));
            }
        });
        return listed.Task;
    }

    private Task<T> OnLaneAsync<T>(Func<Task<T>> work)
    {
        var done = new TaskCompletionSource<T>(_environment.Scheduler.Completion);
        _lane.Enqueue(async () =>
        {
            try
            {
                done.TrySetResult(await work().ConfigureAwait(false));
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                done.TrySetException(failure);      // whoever asked hears of it
            }
        });
        return done.Task;
    }

    private async Task FindNameAsync(PeerHash hash, Action<PeerKey> found)
    {
        var key = hash.Row(RowKind.PeerKey);
        if (await _environment.Journal.ReadRowAsync(Id, key, _stopping.Token).ConfigureAwait(false) is { } bytes)
        {
            found(PeerLoader.ReadName(await _opener.OpenRowAsync(new JournalRow(key, bytes), _stopping.Token).ConfigureAwait(false)));
        }
    }

    private static PeerKey ReadOwner(ReadOnlyMemory<byte> plaintext)
    {
        var reader = new StateReader(plaintext);
        return new PeerKey(new IdentityName(reader.Text()), new PeerId(reader.Text()));
    }
}

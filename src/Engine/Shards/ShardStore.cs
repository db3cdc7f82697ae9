using System.Buffers.Binary;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>A shard's side of the journal: opens and seals what the shard keeps there. Docs: docs/formats/events.md.</summary>
/// <remarks>Sealing belongs to the turn; reading goes through one lane, a call at a time, beside it.</remarks>
internal sealed class ShardStore : IAsyncDisposable
{
    private const int VaultHeadSize = PeerVault.SaltSize + 8;
    private const int RetryMillisMin = 50;
    private const int RetryMillisMax = 2_000;

    private readonly ShardEnvironment _environment;
    private readonly DataKeys _keys;
    private readonly ShardSealer _sealer;
    private readonly ShardOpener _opener;
    private readonly SerialLane _lane;
    private readonly UInt128 _salt;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _commitLock = new();
    private ulong _rowCounter;
    private Task _lastCommit = Task.CompletedTask;
    private int _retrying;

    private ShardStore(
        ShardEnvironment environment, ShardId id, ShardExtent extent, DataKeys keys, ShardSealer sealer, ShardOpener opener)
    {
        _environment = environment;
        Id = id;
        Fence = extent.Fence;
        End = extent.End;
        TruncatedThrough = extent.TruncatedThrough;
        _keys = keys;
        _sealer = sealer;
        _opener = opener;
        _lane = new SerialLane(environment.Scheduler);
        _salt = Draw128(environment.Entropy);
    }

    internal ShardId Id { get; }

    internal Fence Fence { get; }

    /// <summary>Gets the end of the log when the shard was taken over.</summary>
    internal LogPosition End { get; }

    internal LogPosition TruncatedThrough { get; set; }

    internal ReadOnlySpan<byte> LastTag => _sealer.LastTag;

    /// <summary>Takes a shard over: checks that it is not an older copy, raises its fence, and reads its tail.</summary>
    internal static async Task<(ShardStore Store, IReadOnlyCollection<LoadedPeer> Recovered, long Facts)> OpenAsync(
        ShardEnvironment environment, ShardId id, ShardWitness? witness, CancellationToken cancellationToken)
    {
        var journal = environment.Journal;
        var before = await journal.ReadExtentAsync(id, cancellationToken).ConfigureAwait(false);
        if (witness is { } remembered && (before.Fence.Value < remembered.Fence.Value || before.End.Value < remembered.Position.Value))
        {
            throw ShardErrors.RolledBack(id, before.End, remembered.Position, before.Fence, remembered.Fence);
        }

        var extent = await journal.AcquireAsync(id, cancellationToken).ConfigureAwait(false);
        var random = new byte[64];
        environment.Entropy.Fill(random);
        var keys = await DataKeys.OpenAsync(
            journal, environment.Keyring, id, extent, environment.Scheduler.UnixMillis, random.AsMemory(0, 32), cancellationToken)
            .ConfigureAwait(false);
        CryptographicOperations.ZeroMemory(random.AsSpan(0, 32));
        var opener = new ShardOpener(journal.StoreId, id, extent, keys);
        try
        {
            await BeginAfterCheckpointAsync(journal, id, extent, opener, witness, cancellationToken).ConfigureAwait(false);
            var recovery = new ShardRecovery(environment, id, opener);
            await foreach (var record in journal.ReadRecordsAsync(id, extent.TruncatedThrough, cancellationToken).ConfigureAwait(false))
            {
                await recovery.AddAsync(await opener.OpenRecordAsync(record, cancellationToken).ConfigureAwait(false), cancellationToken)
                    .ConfigureAwait(false);
            }

            var sealer = new ShardSealer(journal.StoreId, id, extent, keys.Current, random.AsSpan(32), opener.LastTag);
            return (new ShardStore(environment, id, extent, keys, sealer, opener), recovery.Peers, recovery.FactCount);
        }
        catch
        {
            opener.Dispose();
            keys.Dispose();
            throw;
        }
    }

    internal PeerVault NewVault(IEntropySource entropy)
    {
        Span<byte> key = stackalloc byte[PeerVault.KeySize];
        entropy.Fill(key);
        var vault = new PeerVault(SecretBytes.CopyOf(key));
        CryptographicOperations.ZeroMemory(key);
        return vault;
    }

    internal byte[] SealRecord(LogPosition position, ReadOnlySpan<byte> plaintext, UnixMillis wall) =>
        _sealer.SealRecord(position, plaintext, wall.Value);

    /// <summary>Commits, and finds out what became of a commit whose outcome is unknown. Calls are made in order.</summary>
    /// <remarks>While one is being resolved the later ones stand in line behind it: the journal would take them over its hole.</remarks>
    internal ValueTask CommitAsync(JournalCommit commit)
    {
        var previous = _lastCommit;
        Task committing;
        lock (_commitLock)
        {
            // While an earlier commit is being settled this one waits for it: overtaking would tear the order of the log and its rows.
            committing = _retrying > 0
                ? SettleAsync(commit, previous, isFresh: true)
                : CommitAfterAsync(commit, previous, _environment.Journal.CommitAsync(commit, CancellationToken.None));
        }

        _lastCommit = committing;
        return new ValueTask(committing);
    }

    /// <summary>The row that holds a peer's key at rest and its name.</summary>
    internal RowChange VaultRow(ResidentPeer peer, UnixMillis wall)
    {
        var writer = new StateWriter();
        writer.Fixed(peer.Vault!.Key.Reveal());
        writer.Text(peer.Key.Identity.Value);
        writer.Text(peer.Key.Peer.Value);
        var key = peer.Hash.Row(RowKind.PeerKey);
        var row = new RowChange(key, _sealer.SealRow(key, writer.Written, wall.Value));
        writer.Clear();
        return row;
    }

    /// <summary>The shard's own row: where its log was cut, the tag of the last record cut off, and by whom.</summary>
    internal RowChange ShardRow(LogPosition through, ReadOnlySpan<byte> tag, UnixMillis wall)
    {
        var writer = new StateWriter();
        writer.Byte(1);
        writer.Int64(through.Value);
        writer.Fixed(tag);
        writer.Int64(Fence.Value);
        writer.Fixed(_sealer.Tenure.Span);
        var key = new RowKey(RowKind.Shard, default);
        return new RowChange(key, _sealer.SealRow(key, writer.Written, wall.Value));
    }

    /// <summary>Adds a peer's snapshot, and the rows of messages and indices that changed, to a batch's commit.</summary>
    internal void WriteSnapshot(ShardTurn turn, ResidentPeer peer, LogPosition position, StateWriter scratch)
    {
        foreach (var session in peer.State.Sessions)
        {
            foreach (var epoch in session.Epochs)
            {
                if (epoch.Traffic is EpochTraffic traffic)
                {
                    epoch.Counts = traffic.Counts();
                }
            }
        }

        scratch.Clear();
        SnapshotCodec.Write(scratch, peer.State, turn.Input, position);
        Put(turn, peer, peer.Hash.Row(RowKind.Peer), scratch);
        WriteMessages(turn, peer, scratch);
        WriteIndices(turn, peer);
        peer.StoredAt = position;
    }

    /// <summary>Deletes everything stored of a forgotten peer; its key first of all.</summary>
    internal static void DeleteRows(ShardTurn turn, ResidentPeer peer)
    {
        Delete(turn, peer.Hash.Row(RowKind.PeerKey));
        Delete(turn, peer.Hash.Row(RowKind.Peer));
        var (outgoing, incoming) = (peer.State.Outgoing, peer.State.Incoming);
        foreach (var number in outgoing.StaleRows)
        {
            Delete(turn, peer.Hash.Row(RowKind.Outbox, number));
        }

        foreach (var ordinal in incoming.StaleRows)
        {
            Delete(turn, peer.Hash.Row(RowKind.Inbox, ordinal));
        }

        foreach (var index in peer.StoredIndices ?? [])
        {
            Delete(turn, IndexRow(index));
        }
    }

    /// <summary>Reads a peer beside the turn.</summary>
    internal void Load(PeerKey key, Action<LoadedPeer?, EngineException?> done) => _lane.Enqueue(async () =>
    {
        try
        {
            var hash = PeerHash.Of(_environment.Journal.StoreId.Span, key);
            done(await PeerLoader.LoadAsync(_environment, Id, _opener, hash, _stopping.Token).ConfigureAwait(false), null);
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

    /// <summary>After a checkpoint: lets the keyring remember it, replaces a data key that is due, then tells who waited.</summary>
    /// <param name="end">Where the log ends at least: what the checkpoint's own commit made durable.</param>
    internal void Witness(LogPosition end, IReadOnlyList<TaskCompletionSource> waiting, Action<ShardWork> post) => _lane.Enqueue(async () =>
    {
        try
        {
            await _environment.Keyring.WriteWitnessesAsync(
                _environment.Journal.StoreId, [new ShardWitness(Id, Fence, _sealer.Tenure, end)], _stopping.Token)
                .ConfigureAwait(false);
            var random = new byte[32];
            _environment.Entropy.Fill(random);
            if (await _keys.RotateIfDueAsync(Fence, _environment.Scheduler.UnixMillis, random, _stopping.Token).ConfigureAwait(false))
            {
                var key = _keys.Current;
                post(new TurnWork(_ => _sealer.UseDataKey(key)));
            }

            CryptographicOperations.ZeroMemory(random);
            Settle(waiting, null);
        }
        catch (EngineException failure)
        {
            Settle(waiting, failure);
        }
        catch (OperationCanceledException)
        {
            Settle(waiting, ShardErrors.Stopping(Id));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Settle(waiting, ShardErrors.ReadFailed(Id, failure));
        }
    });

    public async ValueTask DisposeAsync()
    {
        await _lane.DrainAsync().ConfigureAwait(false);
        _stopping.Cancel();     // in place: CancelAsync would use the pool
        _stopping.Dispose();
        _sealer.Dispose();
        _opener.Dispose();
        _keys.Dispose();
    }

    internal static UInt128 Draw128(IEntropySource entropy)
    {
        Span<byte> bytes = stackalloc byte[16];
        entropy.Fill(bytes);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static void Settle(IReadOnlyList<TaskCompletionSource> waiting, EngineException? failure)
    {
        foreach (var waiter in waiting)
        {
            if (failure is null)
            {
                waiter.TrySetResult();
            }
            else
            {
                waiter.TrySetException(failure);
            }
        }
    }

    private static async Task BeginAfterCheckpointAsync(
        IJournal journal, ShardId id, ShardExtent extent, ShardOpener opener, ShardWitness? witness, CancellationToken cancellationToken)
    {
        var key = new RowKey(RowKind.Shard, default);
        if (await journal.ReadRowAsync(id, key, cancellationToken).ConfigureAwait(false) is not { } bytes)
        {
            return;
        }

        var plaintext = await opener.OpenRowAsync(new JournalRow(key, bytes), cancellationToken).ConfigureAwait(false);
        var (through, tag, fence, tenure) = ReadShardRow(plaintext);
        if (witness is { } remembered && remembered.Fence == fence && !remembered.Tenure.Span.SequenceEqual(tenure))
        {
            throw ShardErrors.RolledBack(id, extent.End, remembered.Position, fence, remembered.Fence);     // a clone ran beside it
        }

        opener.BeginAfter(extent.TruncatedThrough, through == extent.TruncatedThrough ? tag : []);
    }

    private static (LogPosition Through, byte[] Tag, Fence Fence, byte[] Tenure) ReadShardRow(ReadOnlyMemory<byte> plaintext)
    {
        var reader = new StateReader(plaintext);
        if (reader.Byte() is var version and not 1)
        {
            throw new StateFormatException($"shard row version {version} is not known here");
        }

        return (new LogPosition(reader.Int64()), reader.Fixed(16).ToArray(), new Fence(reader.Int64()), reader.Fixed(32).ToArray());
    }

    private async Task FindNameAsync(PeerHash hash, Action<PeerKey> found)
    {
        var key = hash.Row(RowKind.PeerKey);
        if (await _environment.Journal.ReadRowAsync(Id, key, _stopping.Token).ConfigureAwait(false) is { } bytes)
        {
            found(PeerLoader.ReadName(await _opener.OpenRowAsync(new JournalRow(key, bytes), _stopping.Token).ConfigureAwait(false)));
        }
    }

    private static RowKey IndexRow(ReceiverIndex index)
    {
        var key = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(key, index.Value);
        return new RowKey(RowKind.ReceiverIndex, key);
    }

    private static PeerKey ReadOwner(ReadOnlyMemory<byte> plaintext)
    {
        var reader = new StateReader(plaintext);
        return new PeerKey(new IdentityName(reader.Text()), new PeerId(reader.Text()));
    }

    private static void Delete(ShardTurn turn, RowKey key) => turn.Rows.Add(new RowChange(key, null));

    private void WriteMessages(ShardTurn turn, ResidentPeer peer, StateWriter scratch)
    {
        var (outgoing, incoming) = (peer.State.Outgoing, peer.State.Incoming);
        foreach (var number in outgoing.StaleRows)
        {
            Delete(turn, peer.Hash.Row(RowKind.Outbox, number));
        }

        outgoing.StaleRows.Clear();
        for (var number = outgoing.LowestUnacknowledged; number < outgoing.Next; number++)
        {
            var message = outgoing[number];
            if (message.Row != RowState.Current)
            {
                scratch.Clear();
                SnapshotCodec.WriteOutboxRow(scratch, message);
                Put(turn, peer, peer.Hash.Row(RowKind.Outbox, number), scratch);
                message.Row = RowState.Current;
            }
        }

        foreach (var ordinal in incoming.StaleRows)
        {
            Delete(turn, peer.Hash.Row(RowKind.Inbox, ordinal));
        }

        incoming.StaleRows.Clear();
        foreach (var message in incoming.Unhandled)
        {
            if (message.Row != RowState.Current)
            {
                scratch.Clear();
                SnapshotCodec.WriteInboxRow(scratch, message);
                Put(turn, peer, peer.Hash.Row(RowKind.Inbox, message.Ordinal), scratch);
                message.Row = RowState.Current;
            }
        }
    }

    private void WriteIndices(ShardTurn turn, ResidentPeer peer)
    {
        HashSet<ReceiverIndex>? current = null;
        foreach (var session in peer.State.Sessions)
        {
            foreach (var epoch in session.Epochs)
            {
                (current ??= []).Add(epoch.LocalIndex);
            }
        }

        foreach (var index in peer.StoredIndices ?? [])
        {
            if (current?.Contains(index) != true)
            {
                Delete(turn, IndexRow(index));
            }
        }

        foreach (var index in current ?? [])
        {
            if (peer.StoredIndices?.Contains(index) != true)
            {
                var writer = new StateWriter();
                writer.Text(peer.Key.Identity.Value);
                writer.Text(peer.Key.Peer.Value);
                var key = IndexRow(index);
                turn.Rows.Add(new RowChange(key, _sealer.SealRow(key, writer.Written, turn.Input.Wall.Value)));
            }
        }

        peer.StoredIndices = current;
    }

    /// <summary>Seals a row twice: under the peer's key, then under the shard's tenure.</summary>
    private void Put(ShardTurn turn, ResidentPeer peer, RowKey key, StateWriter plaintext)
    {
        var inner = new byte[VaultHeadSize + plaintext.Length + PeerVault.TagSize];
        BinaryPrimitives.WriteUInt128BigEndian(inner, _salt);
        BinaryPrimitives.WriteUInt64BigEndian(inner.AsSpan(PeerVault.SaltSize), _rowCounter);
        peer.Vault!.Seal(_salt, _rowCounter++, plaintext.Written, inner.AsSpan(VaultHeadSize), key.Key.Span);
        turn.Rows.Add(new RowChange(key, _sealer.SealRow(key, inner, turn.Input.Wall.Value)));
    }

    private async Task CommitAfterAsync(JournalCommit commit, Task previous, ValueTask committing)
    {
        try
        {
            await committing.ConfigureAwait(false);
            return;
        }
        catch (EngineException failure) when (failure.Code == EngineErrorCode.JournalUnavailable)
        {
            // Settled below: what was to come before this has to be decided first.
        }

        await SettleAsync(commit, previous, isFresh: false).ConfigureAwait(false);
    }

    /// <summary>Makes a commit durable after those before it, however often the journal is away.</summary>
    private async Task SettleAsync(JournalCommit commit, Task previous, bool isFresh)
    {
        lock (_commitLock)
        {
            _retrying++;
        }

        try
        {
            await previous.ConfigureAwait(false);
            for (var wait = RetryMillisMin; ; wait = Math.Min(RetryMillisMax, wait * 2))
            {
                try
                {
                    if (isFresh || !await IsCommittedAsync(commit).ConfigureAwait(false))
                    {
                        await _environment.Journal.CommitAsync(commit, _stopping.Token).ConfigureAwait(false);
                    }

                    return;
                }
                catch (EngineException failure) when (failure.Code == EngineErrorCode.JournalUnavailable)
                {
                    isFresh = false;
                    await Task.Delay(TimeSpan.FromMilliseconds(wait), _environment.Scheduler.Time, _stopping.Token).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            lock (_commitLock)
            {
                _retrying--;
            }
        }
    }

    private async Task<bool> IsCommittedAsync(JournalCommit commit)
    {
        var extent = await _environment.Journal.ReadExtentAsync(Id, _stopping.Token).ConfigureAwait(false);
        return extent.Fence == Fence
            ? commit.Record is not null && extent.End.Value >= commit.Position.Value
            : throw JournalErrors.Fenced(Id, Fence, extent.Fence);
    }

    /// <summary>A peer as it was read.</summary>
    internal sealed class LoadedPeer(PeerState state, PeerHash hash, PeerVault vault)
    {
        internal PeerState State { get; } = state;

        internal PeerHash Hash { get; } = hash;

        internal PeerVault Vault { get; } = vault;

        internal LogPosition StoredAt { get; set; }

        internal LogPosition ChangedAt { get; set; }

        internal HashSet<ReceiverIndex>? StoredIndices { get; set; }
    }
}

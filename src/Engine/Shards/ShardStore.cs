using System.Buffers.Binary;
using System.Security.Cryptography;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Shards;

/// <summary>A shard's side of the journal: opens and seals what the shard keeps there. Docs: docs/formats/events.md.</summary>
/// <remarks>Sealing belongs to the turn; reading goes through one lane, a call at a time, beside it.</remarks>
internal sealed partial class ShardStore : IAsyncDisposable
{
    private const int VaultHeadSize = PeerVault.SaltSize + 8;

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    private readonly ShardEnvironment _environment;
    private readonly DataKeys _keys;
    private readonly ShardSealer _sealer;
    private readonly ShardOpener _opener;
    private readonly CommitLine _commits;
    private readonly SerialLane _lane;
    private readonly UInt128 _salt;
    private readonly CancellationTokenSource _stopping = new();
    private ulong _rowCounter;

    private ShardStore(
        ShardEnvironment environment, ShardId id, ShardExtent extent, Fence exactFrom, DataKeys keys, ShardSealer sealer, ShardOpener opener)
    {
        ExactFrom = exactFrom;
        _environment = environment;
        Id = id;
        Fence = extent.Fence;
        End = extent.End;
        TruncatedThrough = extent.TruncatedThrough;
        _keys = keys;
        _sealer = sealer;
        _opener = opener;
        _commits = new CommitLine(environment, id, extent.Fence, _stopping.Token);
        _lane = new SerialLane(environment.Scheduler);
        _salt = Draw128(environment.Entropy);
    }

    internal ShardId Id { get; }

    internal Fence Fence { get; }

    /// <summary>Gets since which fence stored windows are exact: no owner since has ended without storing them.</summary>
    internal Fence ExactFrom { get; }

    /// <summary>Gets the end of the log when the shard was taken over.</summary>
    internal LogPosition End { get; }

    internal LogPosition TruncatedThrough { get; set; }

    internal ReadOnlySpan<byte> LastTag => _sealer.LastTag;

    /// <summary>Gets the shard's data keys; what needs the keys themselves goes through the lane.</summary>
    internal DataKeys Keys => _keys;

    /// <summary>Gets the number of the data key that seals. The turn's.</summary>
    internal uint SealingKey => _sealer.DataKeyNumber;

    /// <summary>Takes a shard over: checks that it is not an older copy, raises its fence, and reads its tail.</summary>
    /// <param name="claim">Whose it was last, where it was this process's; <see langword="null"/>: it is taken from whoever has it.</param>
    internal static async Task<(ShardStore Store, ShardRecovery Recovered, AuditBacklog? Audit)> OpenAsync(
        ShardEnvironment environment, ShardId id, ShardWitness? witness, ShardClaim? claim, CancellationToken cancellationToken)
    {
        var journal = environment.Journal;
        var before = await journal.ReadExtentAsync(id, cancellationToken).ConfigureAwait(false);
        if (witness is { } remembered)
        {
            CheckAge(id, before, remembered);
        }

        var extent = claim is null
            ? await journal.AcquireAsync(id, cancellationToken).ConfigureAwait(false)
            : await claim.AcquireAsync(journal, before.Fence, cancellationToken).ConfigureAwait(false);
        var random = new byte[64];
        environment.Entropy.Fill(random);
        var keys = await DataKeys.OpenAsync(
            journal, environment.Keyring, id, extent, environment.Settings.Journal.DataKeyAge, environment.Scheduler.UnixMillis,
            random.AsMemory(0, 32), cancellationToken).ConfigureAwait(false);
        CryptographicOperations.ZeroMemory(random.AsSpan(0, 32));
        var opener = new ShardOpener(journal.StoreId, id, extent, keys, environment.Aead.Default);
        ShardRecovery? recovery = null;
        try
        {
            var exactFrom = await BeginAfterCheckpointAsync(journal, id, before, extent, opener, witness, cancellationToken)
                .ConfigureAwait(false);
            recovery = new ShardRecovery(environment, id, opener, exactFrom);
            await foreach (var record in journal.ReadRecordsAsync(id, extent.TruncatedThrough, cancellationToken).ConfigureAwait(false))
            {
                await recovery.AddAsync(await opener.OpenRecordAsync(record, cancellationToken).ConfigureAwait(false), cancellationToken)
                    .ConfigureAwait(false);
            }

            var sealer = new ShardSealer(
                journal.StoreId, id, extent, keys.Current, random.AsSpan(32), opener.LastTag, environment.Aead.Default);
            var left = await AuditRows.ReadAsync(environment, id, opener, cancellationToken).ConfigureAwait(false);
            var audit = environment.Audit.Open(
                extent.End, left.Select(row => (row, true)).Concat(recovery.Audit.Select(auditEvent => (auditEvent, false))));
            return (new ShardStore(environment, id, extent, exactFrom, keys, sealer, opener), recovery, audit);
        }
        catch
        {
            recovery?.Dispose();
            opener.Dispose();
            keys.Dispose();
            throw;
        }
    }

    /// <exception cref="EngineException"><see cref="EngineErrorCode.StoreRolledBack"/>.</exception>
    internal static void CheckAge(ShardId id, in ShardExtent found, in ShardWitness remembered)
    {
        if (found.Fence.Value < remembered.Fence.Value || found.End.Value < remembered.Position.Value)
        {
            throw ShardErrors.RolledBack(id, found.End, remembered.Position, found.Fence, remembered.Fence);
        }
    }

    internal PeerVault NewVault(IEntropySource entropy)
    {
        Span<byte> key = stackalloc byte[PeerVault.KeySize];
        entropy.Fill(key);
        var vault = new PeerVault(SecretBytes.CopyOf(key), _environment.Aead.Default);
        CryptographicOperations.ZeroMemory(key);
        return vault;
    }

    internal byte[] SealRecord(LogPosition position, ReadOnlySpan<byte> plaintext, UnixMillis wall) =>
        _sealer.SealRecord(position, plaintext, wall.Value);

    /// <summary>Commits in the order of the calls, however often the journal is away meanwhile.</summary>
    internal ValueTask CommitAsync(JournalCommit commit) => _commits.AddAsync(commit);

    /// <summary>The shard stops: a journal that is away is waited for no longer than this.</summary>
    internal void BeginStop() => _commits.GiveUpAfter(StopPatience);

    /// <summary>The shard's own row: where its log was cut, the tag of the last record cut off, and by whom.</summary>
    internal RowChange CutRow(LogPosition through, ReadOnlyMemory<byte> tag, bool isLast, UnixMillis wall)
    {
        var writer = new StateWriter();
        new ShardRow(through, tag, Fence, _sealer.Tenure) { IsLast = isLast, ExactFrom = ExactFrom }.Write(writer);
        return new RowChange(ShardRow.Key, _sealer.SealRow(ShardRow.Key, writer.Written, wall.Value));
    }

    /// <summary>After a checkpoint: lets the keyring, and whoever else does, remember it, replaces a data key that is due, then tells who waited.</summary>
    /// <param name="end">Where the log ends at least: what the checkpoint's own commit made durable.</param>
    /// <param name="waiting">Who waits for the checkpoint.</param>
    /// <param name="post">Gives work to the turn.</param>
    /// <param name="done">Runs when all went well, before those who wait are told.</param>
    internal void Witness(
        LogPosition end, IReadOnlyList<TaskCompletionSource> waiting, Action<ShardWork> post, Action done) => _lane.Enqueue(async () =>
    {
        try
        {
            var storeId = _environment.Journal.StoreId;
            var witness = new ShardWitness(Id, Fence, _sealer.Tenure, end) { Generation = _environment.Generation };
            await _environment.Keyring.WriteWitnessesAsync(storeId, [witness], _stopping.Token).ConfigureAwait(false);
            _environment.Witness?.Remember(storeId, witness);
            var random = new byte[32];
            _environment.Entropy.Fill(random);
            if (await _keys.RotateIfDueAsync(Fence, _environment.Scheduler.UnixMillis, random, _stopping.Token).ConfigureAwait(false))
            {
                var key = _keys.Current;
                post(new TurnWork(_ => _sealer.UseDataKey(key)));
            }

            CryptographicOperations.ZeroMemory(random);
            done();
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

    /// <returns>Since which fence stored windows are exact. Acquiring the shard has made the row of a clean end void for whoever comes
    /// later: from now on only what this owner stores is.</returns>
    private static async Task<Fence> BeginAfterCheckpointAsync(
        IJournal journal, ShardId id, ShardExtent before, ShardExtent extent, ShardOpener opener, ShardWitness? witness,
        CancellationToken cancellationToken)
    {
        if (await journal.ReadRowAsync(id, ShardRow.Key, cancellationToken).ConfigureAwait(false) is not { } bytes)
        {
            return extent.Fence;
        }

        var plaintext = await opener.OpenRowAsync(new JournalRow(ShardRow.Key, bytes), cancellationToken).ConfigureAwait(false);
        var row = ShardRow.Read(plaintext);
        if (witness is { } remembered && remembered.Fence == row.Fence && !remembered.Tenure.Span.SequenceEqual(row.Tenure.Span))
        {
            throw ShardErrors.RolledBack(id, extent.End, remembered.Position, row.Fence, remembered.Fence);     // a clone ran beside it
        }

        opener.BeginAfter(extent.TruncatedThrough, row.Through == extent.TruncatedThrough ? row.Tag.Span : []);
        return row.IsLast && row.Fence == before.Fence && extent.Fence.Value == before.Fence.Value + 1 ? row.ExactFrom : extent.Fence;
    }
}

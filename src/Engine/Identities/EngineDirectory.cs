using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Identities;

/// <summary>This engine's identities, and which public key belongs to which peer. Kept in a shard of its own, as rows.</summary>
/// <remarks>Identities are few and in memory. Pins are as many as peers: they are looked up in the store, and only when a
/// handshake or an operator asks. Row formats: docs/formats/events.md.</remarks>
internal sealed partial class EngineDirectory : ILocalIdentities, IAsyncDisposable
{
    private const byte StateClass = 0;
    private const byte IdentityClass = 1;
    private const byte FingerprintClass = 2;
    private const byte KeyClass = 3;
    private const byte AuditClass = 4;
    private const byte ActsClass = 5;
    private const int PerformedCountMax = 32;
    private const int GenerationsMax = 2;

    private readonly IJournal _journal;
    private readonly EngineScheduler _scheduler;
    private readonly IEntropySource _entropy;
    private readonly KemPrivateKeys _privateKeys;
    private readonly ShardExtent _extent;
    private readonly DataKeys _keys;
    private readonly ShardSealer _sealer;
    private readonly ShardOpener _opener;
    private readonly SerialLane _lane;
    private readonly IdentityTable _identities = new();
    private readonly ConcurrentDictionary<PeerKey, int> _claiming = new();
    private readonly List<Guid> _performed = [];
    private readonly List<AuditEvent> _unsettled = [];
    private long _actCount;
    private bool _isActOpen;

    private EngineDirectory(
        IJournal journal, EngineScheduler scheduler, IEntropySource entropy, KemPrivateKeys privateKeys, ShardExtent extent, DataKeys keys,
        ShardSealer sealer, ShardOpener opener)
    {
        _journal = journal;
        _scheduler = scheduler;
        _entropy = entropy;
        _privateKeys = privateKeys;
        _extent = extent;
        _keys = keys;
        _sealer = sealer;
        _opener = opener;
        _lane = new SerialLane(scheduler);
    }

    /// <summary>Gets the store's generation: how often it was restored from an older copy on purpose.</summary>
    internal uint Generation { get; private set; }

    /// <summary>Gets the count of shards the store was made with; 0 before it is set.</summary>
    internal int ShardCount { get; private set; }

    /// <summary>Gets or sets who takes the audit events of identities; set before the first act.</summary>
    internal IAuditTrail? Audit { get; set; }

    internal static async Task<EngineDirectory> OpenAsync(
        IJournal journal, IKeyring keyring, EngineScheduler scheduler, IEntropySource entropy, KemPrivateKeys privateKeys, TimeSpan dataKeyAge,
        CancellationToken cancellationToken)
    {
        var extent = await journal.AcquireAsync(ShardId.Directory, cancellationToken).ConfigureAwait(false);
        var random = new byte[64];
        entropy.Fill(random);
        var keys = await DataKeys.OpenAsync(
            journal, keyring, ShardId.Directory, extent, dataKeyAge, scheduler.UnixMillis, random.AsMemory(0, 32),
            cancellationToken).ConfigureAwait(false);
        CryptographicOperations.ZeroMemory(random.AsSpan(0, 32));
        var opener = new ShardOpener(journal.StoreId, ShardId.Directory, extent, keys);
        var sealer = new ShardSealer(journal.StoreId, ShardId.Directory, extent, keys.Current, random.AsSpan(32), new byte[16]);
        var directory = new EngineDirectory(journal, scheduler, entropy, privateKeys, extent, keys, sealer, opener);
        try
        {
            await directory.ReadAsync(cancellationToken).ConfigureAwait(false);
            return directory;
        }
        catch
        {
            await directory.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Fixes the count of shards for the life of a store that was just begun.</summary>
    internal Task SetShardCountAsync(int count) => RunAsync(async () =>
    {
        if (ShardCount == 0)
        {
            ShardCount = count;
            await CommitAsync([StateRow()]).ConfigureAwait(false);
        }

        return true;
    });

    /// <summary>Begins a new generation: every peer drops what the store held of sessions and starts new streams.</summary>
    internal Task<uint> BeginGenerationAsync() => RunAsync(async () =>
    {
        Generation++;
        await CommitAsync([StateRow()]).ConfigureAwait(false);
        return Generation;
    });

    internal Task<IdentityInfo> CreateAsync(IdentityName name, IReadOnlyList<Suite> suites, CallerContext caller) => ActAsync(name, caller, AuditKinds.IdentityCreated, () =>
    {
        if (_identities.Find(name) is not null)
        {
            throw DirectoryErrors.IdentityExists(name);
        }

        if (suites.Count == 0 || suites.Distinct().Count() != suites.Count)
        {
            throw DirectoryErrors.SuitesMissing();
        }

        return [IdentityKeys.Create(name, suites, _entropy, _privateKeys)];
    });

    /// <summary>Adds a new generation of keys; the one before is still answered until the rotation is finished.</summary>
    internal Task<IdentityInfo> RotateAsync(IdentityName name, CallerContext caller) => ActAsync(name, caller, AuditKinds.IdentityRotated, () =>
    {
        var generations = Get(name);
        if (generations.Length >= GenerationsMax)
        {
            throw DirectoryErrors.RotationOpen(name);
        }

        var next = IdentityKeys.Create(name, [.. generations[0].Document.Suites.InOrder()], _entropy, _privateKeys);
        return [next, .. generations];
    });

    /// <summary>Gives up the older generation. Sessions made with it go on until they are replaced.</summary>
    internal Task<IdentityInfo> FinishRotationAsync(IdentityName name, CallerContext caller) => ActAsync(name, caller, AuditKinds.IdentityRotationFinished, () =>
    {
        var generations = Get(name);
        if (generations.Length < GenerationsMax)
        {
            throw DirectoryErrors.NoRotation(name);
        }

        return [generations[0]];
    });

    /// <summary>Hands on the events of acts that were durable when the last owner ended, before it had handed them on.</summary>
    internal void HandOnUnsettled()
    {
        foreach (var auditEvent in _unsettled)
        {
            HandOn(auditEvent);
        }

        _unsettled.Clear();
    }

    internal IReadOnlyList<IdentityInfo> List() =>
        [.. _identities.Names.OrderBy(name => name.Value, StringComparer.Ordinal).Select(Info)];

    internal IdentityInfo Info(IdentityName name)
    {
        var generations = Get(name);
        var document = generations[0].Document;
        return new IdentityInfo(
            name, document.Fingerprint, document.Bytes, [.. document.Suites.InOrder()],
            generations.Length > 1 ? generations[1].Document.Fingerprint : null);
    }

    /// <summary>Finds the identity a message 1 is addressed to, by the first 16 bytes of its fingerprint.</summary>
    internal (IdentityName Name, Fingerprint Fingerprint)? FindAddressed(Incarnation addressed) => _identities.FindAddressed(addressed);

    public IReadOnlyList<Fingerprint> FingerprintsOf(IdentityName identity) =>
        _identities.Find(identity) is { } generations
            ? [.. generations.Select(generation => generation.Document.Fingerprint)]
            : [];

    public KemDecapsulationKey? Find(Fingerprint identity, Suite suite) => _identities.Find(identity)?.KeyOf(suite);

    public SuiteSet SuitesOf(Fingerprint identity) => _identities.Find(identity)?.Document.Suites ?? SuiteSet.Empty;

    public async ValueTask DisposeAsync()
    {
        CloseLane();
        await StopUpkeepAsync().ConfigureAwait(false);
        _sealer.Dispose();
        _opener.Dispose();
        _keys.Dispose();
        _identities.Dispose();
    }

    private IdentityKeys[] Get(IdentityName name) =>
        _identities.Find(name) ?? throw DirectoryErrors.IdentityUnknown(name);

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var state = StateKey;
        if (await _journal.ReadRowAsync(ShardId.Directory, state, cancellationToken).ConfigureAwait(false) is { } bytes)
        {
            (Generation, ShardCount) = ReadState(await _opener.OpenRowAsync(new JournalRow(state, bytes), cancellationToken).ConfigureAwait(false));
        }

        await ReadActsAsync(cancellationToken).ConfigureAwait(false);
        await foreach (var row in _journal.ReadRowsAsync(
            ShardId.Directory, RowKind.Directory, new[] { AuditClass }, cancellationToken).ConfigureAwait(false))
        {
            _unsettled.Add(await ReadAuditAsync(row, cancellationToken).ConfigureAwait(false));
        }
    }

    private async Task ReadActsAsync(CancellationToken cancellationToken)
    {
        await foreach (var row in _journal.ReadRowsAsync(
            ShardId.Directory, RowKind.Directory, new[] { IdentityClass }, cancellationToken).ConfigureAwait(false))
        {
            ReadIdentity(await _opener.OpenRowAsync(row, cancellationToken).ConfigureAwait(false));
        }

        var acts = new RowKey(RowKind.Directory, new[] { ActsClass });
        if (await _journal.ReadRowAsync(ShardId.Directory, acts, cancellationToken).ConfigureAwait(false) is { } performed)
        {
            ReadActs(await _opener.OpenRowAsync(new JournalRow(acts, performed), cancellationToken).ConfigureAwait(false));
        }
    }

    private async Task<AuditEvent> ReadAuditAsync(JournalRow row, CancellationToken cancellationToken)
    {
        var plaintext = await _opener.OpenRowAsync(row, cancellationToken).ConfigureAwait(false);
        var position = new LogPosition(BinaryPrimitives.ReadInt64BigEndian(row.Key.Key.Span[1..]));
        return AuditCodec.Read(plaintext, ShardId.Directory, position, 0);
    }

    /// <summary>Learns what became of an act whose commit failed: it may be durable all the same, under its number and with its keys.</summary>
    private async Task SettleActAsync()
    {
        if (!_isActOpen)
        {
            return;
        }

        await ReadOwnExtentAsync().ConfigureAwait(false);       // waits for the outcome
        var before = _actCount;
        await ReadActsAsync(default).ConfigureAwait(false);
        _isActOpen = false;
        var key = AuditKey(new LogPosition(_actCount));
        if (_actCount != before && await _journal.ReadRowAsync(ShardId.Directory, key).ConfigureAwait(false) is { } bytes)
        {
            HandOn(await ReadAuditAsync(new JournalRow(key, bytes), default).ConfigureAwait(false));
        }
    }

    private void ReadActs(ReadOnlyMemory<byte> plaintext)
    {
        var reader = new StateReader(plaintext);
        _actCount = reader.Int64();
        _performed.Clear();
        for (var left = reader.UInt16(); left > 0; left--)
        {
            _performed.Add(EventCodec.ReadGuid(ref reader));
        }
    }

    private RowChange StateRow()
    {
        var key = StateKey;
        var writer = new StateWriter();
        writer.UInt32(Generation);
        writer.UInt32((uint)ShardCount);
        return new RowChange(key, _sealer.SealRow(key, writer.Written, _scheduler.UnixMillis));
    }

    private void ReadIdentity(ReadOnlyMemory<byte> plaintext)
    {
        var reader = new StateReader(plaintext);
        var name = new IdentityName(reader.Text());
        var generations = new IdentityKeys[reader.Byte()];
        for (var i = 0; i < generations.Length; i++)
        {
            generations[i] = IdentityKeys.Read(name, ref reader, _privateKeys);
        }

        if (_identities.Find(name) is { } known
            && known.Select(one => one.Document.Fingerprint).SequenceEqual(generations.Select(one => one.Document.Fingerprint)))
        {
            Array.ForEach(generations, static one => one.Dispose());     // handshakes may be using those that are known
            return;
        }

        _identities.Set(name, generations);
    }

    /// <summary>Does an operator's act: the identity's row, the audit event and the act's id go in one commit.</summary>
    private Task<IdentityInfo> ActAsync(
        IdentityName name, CallerContext caller, string kind, Func<IdentityKeys[]> decide) => RunAsync(async () =>
    {
        await SettleActAsync().ConfigureAwait(false);
        var repeat = caller.Operation == Guid.Empty ? default : AuditKinds.RepeatId(caller.Operation, kind, name.Value);
        if (repeat != Guid.Empty && _performed.Contains(repeat))
        {
            return Info(name);
        }

        var generations = decide();
        var operation = caller.Operation;
        if (operation == Guid.Empty)
        {
            Span<byte> random = stackalloc byte[16];
            _entropy.Fill(random);
            operation = new Guid(random);
        }

        var auditEvent = new AuditEvent(
            DateTimeOffset.FromUnixTimeMilliseconds(_scheduler.UnixMillis), kind, name.Value, string.Empty,
            caller.Actor ?? CallerContext.Unnamed, caller.Correlation ?? string.Empty,
            $"fingerprint {generations[0].Document.Fingerprint}", ShardId.Directory, new LogPosition(_actCount + 1), 0, operation);
        Guid[] performed = [.. _performed, .. repeat == Guid.Empty ? Array.Empty<Guid>() : [repeat]];
        performed = performed[Math.Max(0, performed.Length - PerformedCountMax)..];
        _isActOpen = true;
        await CommitAsync([IdentityRow(name, generations), AuditRow(auditEvent), ActsRow(_actCount + 1, performed)]).ConfigureAwait(false);
        _isActOpen = false;
        _actCount++;
        _performed.Clear();
        _performed.AddRange(performed);
        _identities.Set(name, generations);
        HandOn(auditEvent);
        return Info(name);
    });

    private RowChange IdentityRow(IdentityName name, IdentityKeys[] generations)
    {
        var writer = new StateWriter();
        writer.Text(name.Value);
        writer.Byte((byte)generations.Length);
        foreach (var generation in generations)
        {
            generation.Write(writer);
        }

        var key = Row(IdentityClass, Encoding.ASCII.GetBytes(name.Value));
        var row = new RowChange(key, _sealer.SealRow(key, writer.Written, _scheduler.UnixMillis));
        writer.Clear();
        return row;
    }

    private RowChange AuditRow(AuditEvent auditEvent)
    {
        var writer = new StateWriter();
        AuditCodec.Write(writer, auditEvent);
        var key = AuditKey(auditEvent.Position);
        return new RowChange(key, _sealer.SealRow(key, writer.Written, _scheduler.UnixMillis));
    }

    private RowChange ActsRow(long count, Guid[] performed)
    {
        var writer = new StateWriter();
        writer.Int64(count);
        writer.UInt16(performed.Length);
        foreach (var operation in performed)
        {
            EventCodec.WriteGuid(writer, operation);
        }

        var key = new RowKey(RowKind.Directory, new[] { ActsClass });
        return new RowChange(key, _sealer.SealRow(key, writer.Written, _scheduler.UnixMillis));
    }

    private static RowKey AuditKey(LogPosition position)
    {
        var key = new byte[9];
        key[0] = AuditClass;
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(1), position.Value);
        return new RowKey(RowKind.Directory, key);
    }

    /// <summary>Hands an event on; its row goes when it was taken, so that a crash before that repeats it.</summary>
    private void HandOn(AuditEvent auditEvent) => Audit?.Durable(auditEvent, () => _lane.Enqueue(async () =>
    {
        try
        {
            await CommitAsync([new RowChange(AuditKey(auditEvent.Position), null)]).ConfigureAwait(false);
        }
        catch (EngineException)
        {
            // The row stays and the event is handed on once more by the next owner, which its position lets a reader see.
        }
    }));

    private async ValueTask CommitAsync(IReadOnlyList<RowChange> rows)
    {
        var commit = new JournalCommit { Shard = ShardId.Directory, Fence = _extent.Fence, Rows = rows };
        try
        {
            await _journal.CommitAsync(commit).ConfigureAwait(false);
        }
        catch (EngineException failure) when (failure.Code == EngineErrorCode.JournalUnavailable)
        {
            // Unknown, or it followed one that failed. Rows alone may be written twice; without this no commit would succeed again.
            await ReadOwnExtentAsync().ConfigureAwait(false);
            await _journal.CommitAsync(commit).ConfigureAwait(false);
        }
    }

    private async Task ReadOwnExtentAsync()
    {
        var extent = await _journal.ReadExtentAsync(ShardId.Directory).ConfigureAwait(false);
        if (extent.Fence != _extent.Fence)
        {
            throw JournalErrors.Fenced(ShardId.Directory, _extent.Fence, extent.Fence);
        }
    }

    private Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        var done = new TaskCompletionSource<T>(_scheduler.Completion);
        var isTaken = TryEnqueue(async () =>
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
        return isTaken ? done.Task : Task.FromException<T>(EngineErrors.Stopping());
    }
}

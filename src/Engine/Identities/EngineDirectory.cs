using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Identities;

/// <summary>Writes down the engine's identities, and which public key belongs to which peer: one owner's stay with the shard of its own that has them as rows.</summary>
/// <remarks>Identities are few and in memory. Pins are as many as peers: they are looked up in the store, and only when a
/// handshake or an operator asks. Row formats: docs/formats/events.md.</remarks>
internal sealed partial class EngineDirectory : IAsyncDisposable
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
    private readonly IdentityTable _identities;
    private readonly ConcurrentDictionary<PeerKey, int> _claiming = new();
    private readonly List<Guid> _performed = [];
    private readonly List<AuditEvent> _unsettled = [];
    private readonly bool _isShared;
    private readonly long _claimsSettledAt;
    private long _actCount;
    private bool _isActOpen;

    private EngineDirectory(DirectoryParts parts, IdentityTable identities, ShardExtent extent, DataKeys keys, ShardSealer sealer, ShardOpener opener)
    {
        _journal = parts.Journal;
        _scheduler = parts.Scheduler;
        _entropy = parts.Entropy;
        _privateKeys = parts.PrivateKeys;
        _identities = identities;
        _extent = extent;
        _keys = keys;
        _sealer = sealer;
        _opener = opener;
        _lane = new SerialLane(parts.Scheduler);
        _isShared = parts.IsShared;
        _claimsSettledAt = parts.IsShared ? parts.Scheduler.MonotonicMillis + ClaimMillisMax : 0;
    }

    /// <summary>Gets the store's generation: how often it was restored from an older copy on purpose.</summary>
    internal uint Generation { get; private set; }

    /// <summary>Gets the count of shards the store was made with; 0 before it is set.</summary>
    internal int ShardCount { get; private set; }

    /// <summary>Gets or sets who takes the audit events of identities; set before the first act.</summary>
    internal IAuditTrail? Audit { get; set; }

    /// <summary>Gets the fence under which it is owned.</summary>
    internal Fence Fence => _extent.Fence;

    /// <summary>Takes the directory over.</summary>
    /// <param name="parts">Where it is, and what it is read and written with.</param>
    /// <param name="identities">Gets the identities; not disposed here.</param>
    internal static async Task<EngineDirectory> OpenAsync(DirectoryParts parts, IdentityTable identities, CancellationToken cancellationToken)
    {
        var journal = parts.Journal;
        var extent = await journal.AcquireAsync(ShardId.Directory, cancellationToken).ConfigureAwait(false);
        var random = new byte[64];
        parts.Entropy.Fill(random);
        var keys = await DataKeys.OpenAsync(
            journal, parts.Keyring, ShardId.Directory, extent, parts.DataKeyAge, parts.Scheduler.UnixMillis, random.AsMemory(0, 32),
            cancellationToken).ConfigureAwait(false);
        CryptographicOperations.ZeroMemory(random.AsSpan(0, 32));
        var opener = new ShardOpener(journal.StoreId, ShardId.Directory, extent, keys);
        var sealer = new ShardSealer(journal.StoreId, ShardId.Directory, extent, keys.Current, random.AsSpan(32), new byte[16]);
        var directory = new EngineDirectory(parts, identities, extent, keys, sealer, opener);
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
    /// <param name="remembered">The highest that a witness knows: one that was begun in another copy of the store is not begun again.</param>
    internal Task<uint> BeginGenerationAsync(uint remembered) => RunAsync(async () =>
    {
        Generation = Math.Max(Generation, remembered) + 1;
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
        var generations = _identities.Get(name);
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
        var generations = _identities.Get(name);
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

    public async ValueTask DisposeAsync()
    {
        CloseLane();
        await StopUpkeepAsync().ConfigureAwait(false);
        _sealer.Dispose();
        _opener.Dispose();
        _keys.Dispose();
    }

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
            ShardId.Directory, RowKind.Directory, IdentityRows, cancellationToken).ConfigureAwait(false))
        {
            _identities.Read(await _opener.OpenRowAsync(row, cancellationToken).ConfigureAwait(false), _privateKeys);
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

    /// <summary>Does an operator's act: the identity's row, the audit event and the act's id go in one commit.</summary>
    private Task<IdentityInfo> ActAsync(
        IdentityName name, CallerContext caller, string kind, Func<IdentityKeys[]> decide) => RunAsync(async () =>
    {
        await SettleActAsync().ConfigureAwait(false);
        var repeat = caller.Operation == Guid.Empty ? default : AuditKinds.RepeatId(caller.Operation, kind, name.Value);
        if (repeat != Guid.Empty && _performed.Contains(repeat))
        {
            return _identities.Info(name);
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
        return _identities.Info(name);
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

    /// <summary>Runs a piece on the lane. Claims that come later do not overtake it.</summary>
    private Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        lock (_gathering)
        {
            if (_isClosed)
            {
                return Task.FromException<T>(Closed());
            }

            _gathered = null;
            return _lane.RunAsync(work);
        }
    }
    /// <summary>Gives why nothing is taken any more: another node has the directory, or will; alone, the engine stops.</summary>
    private EngineException Closed() => _isShared ? DirectoryErrors.Elsewhere() : DirectoryErrors.Stopping();
}

using Kyberium.Engine.Audit;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Identities;

/// <summary>This process's seat at the directory: it reads it always, and owns it while a placement orders it here; alone, from start to end.</summary>
/// <remarks>
/// Identities are known to every node that serves shards. One that was made or rotated elsewhere is learned when it is missed, and within
/// <see cref="LookEvery"/> when it is not. Orders are levels, as <see cref="IPlacement"/> says. Decision 0019.
/// </remarks>
internal sealed class DirectorySeat : IAsyncDisposable
{
    internal static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private const int MissMillisMin = 1_000;

    private readonly DirectoryParts _parts;
    private readonly IPlacement? _placement;
    private readonly DirectoryReader? _reader;
    private readonly SerialLane _lane;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private EngineDirectory? _owned;
    private IAuditTrail? _audit;
    private ILogger? _logger;
    private ITimer? _timer;
    private long _readAt;
    private bool _isBusy;

    private DirectorySeat(DirectoryParts parts, IPlacement? placement)
    {
        (_parts, _placement, _lane) = (parts, placement, new SerialLane(parts.Scheduler));
        _reader = placement is null ? null : new DirectoryReader(parts, Identities);
    }

    /// <summary>Gets the identities, as far as they are known here.</summary>
    internal IdentityTable Identities { get; } = new();

    /// <summary>Gets the store's generation: how often it was restored from an older copy on purpose.</summary>
    internal uint Generation => Volatile.Read(ref _owned)?.Generation ?? _reader!.Generation;

    /// <summary>Gets whether this process owns the directory.</summary>
    internal bool IsHere => Volatile.Read(ref _owned) is not null;

    internal int DataKeyCount => Volatile.Read(ref _owned)?.DataKeyCount ?? 0;

    /// <summary>Gets the directory to write to.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.ShardElsewhere"/>.</exception>
    internal EngineDirectory Owned => Volatile.Read(ref _owned) ?? throw DirectoryErrors.Elsewhere();

    /// <summary>Takes the seat, and reads what there is.</summary>
    /// <param name="parts">Where the directory is.</param>
    /// <param name="placement">Who orders it here; <see langword="null"/>: it is taken over now and for ever.</param>
    internal static async Task<DirectorySeat> OpenAsync(DirectoryParts parts, IPlacement? placement, CancellationToken cancellationToken)
    {
        var seat = new DirectorySeat(parts, placement);
        try
        {
            if (seat._reader is { } reader)
            {
                await reader.RefreshAsync(cancellationToken).ConfigureAwait(false);
            }
            else
            {
                seat._owned = await TakeOverAsync(parts, seat.Identities, cancellationToken).ConfigureAwait(false);
            }

            return seat;
        }
        catch
        {
            await seat.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Begins what runs by itself: upkeep where it is owned, looks where it is not.</summary>
    internal void Start(IAuditTrail audit, ILogger logger)
    {
        lock (_lock)
        {
            (_audit, _logger) = (audit, logger);
            if (_owned is { } owned)
            {
                Begin(owned);
            }
        }

        _timer = _reader is null ? null : _parts.Scheduler.Time.CreateTimer(_ => _ = LookAsync(), null, LookEvery, LookEvery);
    }

    /// <summary>Takes an order of the placement about the directory's shard.</summary>
    internal void Take(in ShardOrder order)
    {
        var fence = order.Fence;
        lock (_lock)
        {
            switch (order.Kind)
            {
                case ShardOrderKind.Acquire when _owned is null && !_isBusy:
                    _isBusy = true;
                    _lane.Enqueue(AcquireAsync);
                    break;
                case ShardOrderKind.GiveUp when !_isBusy && (_owned is null || _owned.Fence == fence):
                    _isBusy = true;
                    var given = Leave();
                    _lane.Enqueue(() => ReleaseAsync(given, fence));
                    break;
                case ShardOrderKind.Stop when _owned?.Fence == fence:
                    var stopped = Leave();
                    _lane.Enqueue(() => stopped!.DisposeAsync().AsTask());
                    break;
                default:
                    break;      // it is so already, or on its way; or of a newer version
            }
        }
    }

    /// <summary>Finds the peer that is pinned by a fingerprint.</summary>
    internal async Task<PeerKey?> FindPeerAsync(IdentityName identity, Fingerprint fingerprint)
    {
        if (Volatile.Read(ref _owned) is { } owned)
        {
            try
            {
                return await owned.FindPeerAsync(identity, fingerprint).ConfigureAwait(false);
            }
            catch (EngineException left) when (left.Code == EngineErrorCode.ShardElsewhere)
            {
                // It was given up meanwhile: its rows are there all the same.
            }
        }

        return await _reader!.FindPeerAsync(identity, fingerprint).ConfigureAwait(false);
    }

    /// <summary>Something was missed that another node may have made: looks, unless that was done a moment ago.</summary>
    internal Task MissedAsync() =>
        _reader is null || _parts.Scheduler.MonotonicMillis - Volatile.Read(ref _readAt) < MissMillisMin ? Task.CompletedTask : RefreshAsync();

    /// <summary>Reads what other nodes have written.</summary>
    internal Task RefreshAsync() => _lane.RunAsync(async () =>
    {
        // In turn with taking over: an owner's own knowledge is not replaced by what was read before.
        if (_reader is { } reader && !IsHere)
        {
            Volatile.Write(ref _readAt, _parts.Scheduler.MonotonicMillis);
            await reader.RefreshAsync(_stopping.Token).ConfigureAwait(false);
        }

        return true;
    });

    public async ValueTask DisposeAsync()
    {
        _timer?.Dispose();
        _stopping.Cancel();     // in place: CancelAsync would use the pool
        await _lane.DrainAsync().ConfigureAwait(false);
        if (Volatile.Read(ref _owned) is { } owned)
        {
            await owned.DisposeAsync().ConfigureAwait(false);
        }

        if (_reader is { } reader)
        {
            await reader.DisposeAsync().ConfigureAwait(false);
        }

        Identities.Dispose();
        _stopping.Dispose();
    }

    private static async Task<EngineDirectory> TakeOverAsync(DirectoryParts parts, IdentityTable identities, CancellationToken cancellationToken)
    {
        var directory = await EngineDirectory.OpenAsync(parts, identities, cancellationToken).ConfigureAwait(false);
        try
        {
            await directory.SetShardCountAsync(parts.ShardCount).ConfigureAwait(false);
            return directory;
        }
        catch
        {
            await directory.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Begin(EngineDirectory owned)
    {
        owned.Audit = _audit;
        owned.BeginUpkeep(_logger!);
        owned.HandOnUnsettled();
    }

    private EngineDirectory? Leave()
    {
        var left = _owned;
        Volatile.Write(ref _owned, null);
        return left;
    }

    private async Task AcquireAsync()
    {
        try
        {
            _stopping.Token.ThrowIfCancellationRequested();
            var directory = await TakeOverAsync(_parts, Identities, _stopping.Token).ConfigureAwait(false);
            if (!await TryServeAsync(directory).ConfigureAwait(false))
            {
                await directory.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Ended(failure);
        }
        finally
        {
            lock (_lock)
            {
                _isBusy = false;
            }
        }
    }

    private async Task<bool> TryServeAsync(EngineDirectory directory)
    {
        try
        {
            var lease = await _placement!.AcquiredAsync(ShardId.Directory, directory.Fence, _stopping.Token).ConfigureAwait(false);
            lock (_lock)
            {
                if (!lease.MayServe || _stopping.IsCancellationRequested)
                {
                    return false;
                }

                Volatile.Write(ref _owned, directory);
                if (_audit is not null)
                {
                    Begin(directory);
                }

                return true;
            }
        }
        catch
        {
            await directory.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Finishes what was asked of the directory while it was here, and tells the placement; what that does not take is ordered again.</summary>
    private async Task ReleaseAsync(EngineDirectory? owned, Fence fence)
    {
        try
        {
            if (owned is not null)
            {
                await owned.DisposeAsync().ConfigureAwait(false);
            }

            await _placement!.ReleasedAsync(ShardId.Directory, fence, CancellationToken.None).ConfigureAwait(false);
        }
        catch (EngineException failure)
        {
            Ended(failure);
        }
        finally
        {
            lock (_lock)
            {
                _isBusy = false;
            }
        }
    }

    private async Task LookAsync()
    {
        try
        {
            await RefreshAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            if (!_stopping.IsCancellationRequested)
            {
                EngineLog.DirectoryNotRead(_logger!, failure.Message, failure);      // the next look may do better
            }
        }
    }

    private void Ended(Exception failure)
    {
        if (_logger is { } logger && !_stopping.IsCancellationRequested)
        {
            EngineLog.ShardEnded(logger, ShardId.Directory.ToString(), failure.Message, failure);
        }
    }
}

using System.Security.Cryptography;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Journal;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Identities;

/// <summary>How the directory's own data keys rotate and die, as those of every shard do: a few rows at a time on its lane.</summary>
internal sealed partial class EngineDirectory
{
    private const int RowsPerCommitMax = 256;
    private const long BytesPerCommitMax = 4 << 20;
    private static readonly TimeSpan UpkeepInterval = TimeSpan.FromMinutes(30);

    private readonly CancellationTokenSource _upkeepStopping = new();
    private ITimer? _upkeepTimer;
    private OldRowSweep? _sweep;

    internal int DataKeyCount => _keys.Numbers.Count;

    /// <summary>Goes on with what an earlier owner left, and looks twice an hour whether a key is due.</summary>
    internal void BeginUpkeep(ILogger logger) => _upkeepTimer = _scheduler.Time.CreateTimer(
        _ => Upkeep(logger), null, TimeSpan.Zero, UpkeepInterval);

    private void Upkeep(ILogger logger)
    {
        if (!_upkeepStopping.IsCancellationRequested)
        {
            _lane.Enqueue(() => UpkeepStepAsync(logger));
        }
    }

    private async Task StopUpkeepAsync()
    {
        _upkeepTimer?.Dispose();
        _upkeepStopping.Cancel();       // in place: CancelAsync would use the pool
        await _lane.DrainAsync().ConfigureAwait(false);
        await EndSweepAsync().ConfigureAwait(false);
    }

    /// <summary>One step: others who use the directory have their turn before the next.</summary>
    private async Task UpkeepStepAsync(ILogger logger)
    {
        try
        {
            if (_upkeepStopping.IsCancellationRequested)
            {
                return;
            }

            await RotateIfDueAsync().ConfigureAwait(false);
            if (_keys.Numbers.Count == 1)
            {
                return;
            }

            _sweep ??= new OldRowSweep(_keys, _keys.Current.Number, _upkeepStopping.Token);
            var keys = await _sweep.NextAsync(RowsPerCommitMax).ConfigureAwait(false);
            for (var done = 0; done < keys.Count;)
            {
                done += await ResealAsync(keys.GetRange(done, keys.Count - done)).ConfigureAwait(false);
            }

            if (keys.Count > 0)
            {
                Upkeep(logger);
                return;
            }

            await EndSweepAsync().ConfigureAwait(false);
            foreach (var number in await _keys.DeleteUnusedAsync(_extent.Fence, _upkeepStopping.Token).ConfigureAwait(false))
            {
                _opener.Forget(number);
                EngineLog.DataKeyDestroyed(logger, number, ShardId.Directory.ToString());
            }
        }
        catch (OperationCanceledException)
        {
            // The engine stops; the next owner goes on.
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            EngineLog.KeyUpkeepFailed(logger, ShardId.Directory.ToString(), failure.Message, failure);
            await EndSweepAsync().ConfigureAwait(false);
        }
    }

    private async Task RotateIfDueAsync()
    {
        var random = new byte[DataKey.Size];
        _entropy.Fill(random);
        try
        {
            if (await _keys.RotateIfDueAsync(_extent.Fence, _scheduler.UnixMillis, random, _upkeepStopping.Token).ConfigureAwait(false))
            {
                _sealer.UseDataKey(_keys.Current);
                await EndSweepAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(random);
        }
    }

    private async Task<int> ResealAsync(List<RowKey> keys)
    {
        var (rows, done) = await OpenedRow.ReadAsync(
            _journal, ShardId.Directory, _opener, keys, _keys.Current.Number, BytesPerCommitMax, _upkeepStopping.Token).ConfigureAwait(false);
        try
        {
            await CommitAsync(
                [.. rows.Select(row => new RowChange(row.Key, _sealer.SealRow(row.Key, row.Plaintext, _scheduler.UnixMillis)))])
                .ConfigureAwait(false);
            return done;
        }
        finally
        {
            rows.ForEach(row => row.Dispose());
        }
    }

    private async Task EndSweepAsync()
    {
        if (_sweep is { } sweep)
        {
            _sweep = null;
            await sweep.DisposeAsync().ConfigureAwait(false);
        }
    }
}

using Kyberium.Engine;
using Kyberium.Engine.PostgreSql;
using Kyberium.Lighthouse.Configuration;
using Microsoft.Extensions.Logging;

namespace Kyberium.Lighthouse.Serving;

/// <summary>Looks at the cluster's rows every second, and plans who owns what while this Lighthouse holds the allocator's lease.</summary>
/// <remarks>The cluster does without: where no Lighthouse holds that lease, a node does.</remarks>
internal sealed class ClusterWatch : IMembership, IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly LighthouseOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<PostgreSqlCluster> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;

    private ClusterWatch(LighthouseOptions options, TimeProvider time, ILogger logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _running = RunAsync();
    }

    /// <summary>Begins. A database that does not answer is tried again: nodes can join meanwhile.</summary>
    internal static ClusterWatch Start(LighthouseOptions options, TimeProvider time, ILogger logger) => new(options, time, logger);

    /// <summary>Gives the cluster, once its database has answered.</summary>
    internal Task<PostgreSqlCluster> OpenedAsync(CancellationToken cancellationToken) => _opened.Task.WaitAsync(cancellationToken);

    public async ValueTask<IReadOnlyList<ClusterMember>?> ListAsync(CancellationToken cancellationToken)
    {
        if (!_opened.Task.IsCompletedSuccessfully)
        {
            return null;
        }

        try
        {
            return (await (await _opened.Task).ReadAsync(cancellationToken)).Members;
        }
        catch (EngineException)
        {
            return null;        // whether this Lighthouse is well is another question
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        if (_opened.Task.IsCompletedSuccessfully)
        {
            await (await _opened.Task).DisposeAsync();
        }

        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        var isAllocator = false;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var was = isAllocator;
                isAllocator = await RoundAsync();
                if (isAllocator != was)
                {
                    LighthouseLog.Allocates(_logger, isAllocator ? "plans now who owns which shard" : "leaves planning to another");
                }
            }
            catch (EngineException failure)
            {
                LighthouseLog.NotWatched(_logger, failure.Message);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(LookEvery, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> RoundAsync()
    {
        if (!_opened.Task.IsCompletedSuccessfully)
        {
            _opened.TrySetResult(await PostgreSqlCluster.OpenAsync(
                new PostgreSqlClusterOptions { ConnectionString = _options.OwnDatabase, Schema = _options.Schema }, _options.Name, movesMax: _options.MovesMax,
                cancellationToken: _stopping.Token));
        }

        return await (await _opened.Task).AllocateAsync(_stopping.Token);
    }
}

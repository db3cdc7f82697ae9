using System.Security.Cryptography;
using Kyberium.Engine.Cluster.Joining;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kyberium.Engine.Cluster;

/// <summary>Renews a node's certificate at half its life and learns new roots with it, and asks every minute which certificates are denied, until disposed.</summary>
/// <remarks>A Lighthouse that does not answer, or refuses, is asked again; what the node has stays in force as long as it lasts. A new certificate
/// reaches the links by itself.</remarks>
public sealed class ClusterRenewal : IAsyncDisposable
{
    /// <summary>Where a Lighthouse's clock is far behind, what it issues is past half its life at once: it is not asked without end for that.</summary>
    private static readonly TimeSpan RenewalPause = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _ended = new();
    private readonly ClusterJoinOptions _options;
    private readonly ClusterIdentity _identity;
    private readonly ILogger _logger;
    private readonly Action<ClusterGrant>? _learn;
    private readonly Task _running;

    private ClusterRenewal(ClusterJoinOptions options, ClusterIdentity identity, ILogger logger, Action<ClusterGrant>? learn)
    {
        (_options, _identity, _logger, _learn) = (options, identity, logger, learn);
        _running = Task.WhenAll(RunAsync(), RefreshAsync());
    }

    /// <summary>Starts renewing.</summary>
    public static ClusterRenewal Start(ClusterJoinOptions options, ClusterIdentity identity, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(identity);
        return new ClusterRenewal(options, identity, logger ?? NullLogger.Instance, learn: null);
    }

    /// <param name="learn">Hears each new grant before the identity changes.</param>
    internal static ClusterRenewal Start(ClusterJoinOptions options, ClusterIdentity identity, ILogger logger, Action<ClusterGrant> learn) =>
        new(options, identity, logger, learn);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var failures = 0;
        var hasRenewed = false;
        while (true)
        {
            var certificate = _identity.Certificate;
            var wait = RenewalTime.Until(
                _options.TimeProvider.GetUtcNow(), certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime(), failures,
                RandomNumberGenerator.GetInt32(1 << 16) / 65_536.0);
            wait = hasRenewed && wait < RenewalPause ? RenewalPause : wait;
            await Task.Delay(wait, _options.TimeProvider, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                _ended.Token.ThrowIfCancellationRequested();
                await ClusterJoin.RenewAsync(_options, _identity, _learn, _ended.Token).ConfigureAwait(false);
                (failures, hasRenewed) = (0, true);
                LinkLog.Renewed(_logger, _identity.Node.Value, _identity.Certificate.NotAfter.ToUniversalTime());
            }
            catch (OperationCanceledException) when (_ended.IsCancellationRequested)
            {
                return;
            }
            catch (EngineException failure)
            {
                failures++;
                LinkLog.NotRenewed(_logger, _identity.Node.Value, certificate.NotAfter.ToUniversalTime(), failure.Message);
            }
        }
    }

    private async Task RefreshAsync()
    {
        var isOut = false;
        while (true)
        {
            await Task.Delay(_options.RefreshInterval, _options.TimeProvider, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                _ended.Token.ThrowIfCancellationRequested();
                if (await ClusterJoin.RefreshAsync(_options, _identity, _ended.Token).ConfigureAwait(false))
                {
                    LinkLog.DeniedChanged(_logger, _identity.Current.Trust.Denied.Count);
                }

                isOut = false;
            }
            catch (OperationCanceledException) when (_ended.IsCancellationRequested)
            {
                return;
            }
            catch (EngineException failure)
            {
                if (!isOut)
                {
                    LinkLog.NotRefreshed(_logger, failure.Message);
                }

                isOut = true;
            }
        }
    }
}

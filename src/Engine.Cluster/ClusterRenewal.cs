using System.Security.Cryptography;
using Kyberium.Engine.Cluster.Joining;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kyberium.Engine.Cluster;

/// <summary>Renews a node's certificate at half its life, and learns new roots and denied certificates with it, until disposed.</summary>
/// <remarks>A Lighthouse that does not answer, or refuses, is asked again; what the node has stays in force as long as it lasts. A new certificate
/// reaches the links by itself.</remarks>
public sealed class ClusterRenewal : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly ClusterJoinOptions _options;
    private readonly ClusterIdentity _identity;
    private readonly ILogger _logger;
    private readonly Action<ClusterGrant>? _learn;
    private readonly Task _running;

    private ClusterRenewal(ClusterJoinOptions options, ClusterIdentity identity, ILogger logger, Action<ClusterGrant>? learn)
    {
        (_options, _identity, _logger, _learn) = (options, identity, logger, learn);
        _running = RunAsync();
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
        while (true)
        {
            var certificate = _identity.Certificate;
            var wait = RenewalTime.Until(
                _options.TimeProvider.GetUtcNow(), certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime(), failures,
                RandomNumberGenerator.GetInt32(1 << 16) / 65_536.0);
            await Task.Delay(wait, _options.TimeProvider, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                _ended.Token.ThrowIfCancellationRequested();
                await ClusterJoin.RenewAsync(_options, _identity, _learn, _ended.Token).ConfigureAwait(false);
                failures = 0;
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
}

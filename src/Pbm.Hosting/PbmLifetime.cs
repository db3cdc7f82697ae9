using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Kyberium.Pbm.Hosting;

/// <summary>The server of a host: started with it, stopped with it. Injected where somebody wants to know where it listens.</summary>
public sealed class PbmLifetime : IHostedService
{
    private readonly PbmOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly IServiceProvider _services;
    private PbmServer? _server;

    /// <summary>Made by the host.</summary>
    public PbmLifetime(IOptions<PbmOptions> options, ILoggerFactory loggers, IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Value;
        _loggers = loggers;
        _services = services;
    }

    /// <summary>Gets where it listens. Empty before the start and after the stop.</summary>
    public IReadOnlyList<IPEndPoint> Addresses => _server?.Addresses ?? [];

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Not before: what palettes stand on, such as an engine, may be there only once it has started.
        foreach (var palette in _services.GetServices<PbmPalette>())
        {
            _options.Palettes.Add(palette);
        }

        _server = await PbmServer.StartAsync(_options, _loggers, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_server is { } server)
        {
            _server = null;
            await server.DisposeAsync().ConfigureAwait(false);
        }
    }
}

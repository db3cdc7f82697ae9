using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Kyberium.Engine;

/// <summary>Starts the engine before any hosted service starts, and drains it when all of them have stopped.</summary>
internal sealed class EngineLifetime(
    IOptions<EngineOptions> options, IEnumerable<PartsConfiguration> configurations, HostedEngine hosted, IServiceProvider services)
    : IHostedLifecycleService
{
    private SessionEngine? _engine;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        try
        {
            _engine = await SessionEngine.StartAsync(options.Value, MakeParts(), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            hosted.Failed(failure);
            throw;
        }

        hosted.Started(_engine);
    }

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_engine is not null)
        {
            await _engine.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private EngineParts MakeParts()
    {
        var parts = new EngineParts();
        if (services.GetService<ILoggerFactory>() is { } loggerFactory)
        {
            parts.LoggerFactory = loggerFactory;
        }

        if (services.GetService<TimeProvider>() is { } time)
        {
            parts.TimeProvider = time;
        }

        foreach (var configuration in configurations)
        {
            configuration.Apply(services, parts);
        }

        return parts;
    }
}

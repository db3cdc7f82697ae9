using Kyberium.Simulation.World;
using Microsoft.Extensions.Logging;

namespace Kyberium.Simulation.Nodes;

/// <summary>Takes an engine's log into the history, and a shard that ended by a defect to the checkers.</summary>
internal sealed class SimulatedLog(SimulatedWorld world, SimulatedProcess process, Action<string, Exception> shardEnded) : ILoggerFactory, ILogger
{
    private const int ShardEndedEvent = 1002;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!process.IsAlive)
        {
            return;
        }

        world.Note(process.Name, $"log {eventId.Id}: {formatter(state, exception)}");
        if (eventId.Id == ShardEndedEvent && exception is not null)
        {
            shardEnded(formatter(state, exception), exception);
        }
    }

    public void Dispose()
    {
    }
}

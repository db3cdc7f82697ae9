using Kyberium.Simulation.Checkers;
using Kyberium.Simulation.World;
using Microsoft.Extensions.Logging;

namespace Kyberium.Simulation.Nodes;

/// <summary>Takes an engine's log into the history, and a shard that ended by a defect to the checkers.</summary>
internal sealed class SimulatedLog(
    SimulatedWorld world, SimulatedProcess process, SecretScan secrets, Action<string, Exception> shardEnded, Action damageReported,
    Action<string> audited)
    : ILoggerFactory, ILogger
{
    private const int ShardEndedEvent = 1002;
    private const int AuditEvent = 1003;
    private const string DamageCode = "KY4001";

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

        var line = formatter(state, exception);
        world.Note(process.Name, $"log {eventId.Id}: {line}");
        secrets.LookThrough($"log line {eventId.Id} of {process.Name}", line);
        for (var reason = exception; reason is not null; reason = reason.InnerException)
        {
            secrets.LookThrough($"the exception of log line {eventId.Id} of {process.Name}", reason.Message);
        }

        if (formatter(state, exception).Contains(DamageCode, StringComparison.Ordinal))
        {
            damageReported();
        }

        if (eventId.Id == AuditEvent)
        {
            audited(line);
        }

        if (eventId.Id == ShardEndedEvent && exception is not null)
        {
            shardEnded(line, exception);
        }
    }

    public void Dispose()
    {
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Keeps the number and text of every log message.</summary>
internal sealed class LoggedEvents : ILoggerFactory, ILogger
{
    internal ConcurrentQueue<(int Id, string Text)> All { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        All.Enqueue((eventId.Id, formatter(state, exception)));

    public void Dispose()
    {
    }
}

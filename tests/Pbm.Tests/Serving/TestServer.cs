using System.Collections.Concurrent;
using Kyberium.Pbm.Hosting;
using Microsoft.Extensions.Logging;

namespace Kyberium.Pbm.Tests.Serving;

/// <summary>A server with the test palette on a free port, and what it logged.</summary>
internal sealed class TestServer : IAsyncDisposable, ILoggerFactory, ILogger
{
    private PbmServer? _server;

    internal TestPalette Palette { get; } = new();

    internal ConcurrentQueue<(int Event, string Text)> Logged { get; } = new();

    internal int Port => _server!.Addresses[0].Port;

    internal static async Task<TestServer> StartAsync(Action<PbmOptions>? configure = null)
    {
        var made = new TestServer();
        var options = new PbmOptions { Listen = ["127.0.0.1:0"], Program = "test 1.0" };
        options.Palettes.Add(made.Palette.Make());
        configure?.Invoke(options);
        made._server = await PbmServer.StartAsync(options, made);
        return made;
    }

    internal Task<RawClient> GreetAsync() => RawClient.GreetAsync(Port);

    internal async Task StopAsync() => await _server!.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        Palette.Open();
        await StopAsync();
    }

    ILogger ILoggerFactory.CreateLogger(string categoryName) => this;

    void ILoggerFactory.AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    void IDisposable.Dispose()
    {
        // It holds nothing but what DisposeAsync gives back.
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Logged.Enqueue((eventId.Id, formatter(state, exception)));
}

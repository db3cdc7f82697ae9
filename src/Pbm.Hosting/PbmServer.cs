using System.Net;
using System.Net.Sockets;
using Kyberium.Engine;
using Kyberium.Pbm.Hosting.Admission;
using Kyberium.Pbm.Hosting.Serving;
using Microsoft.Extensions.Logging;

namespace Kyberium.Pbm.Hosting;

/// <summary>Serves palettes to <c>pbm</c> over TCP. docs/formats/pbm.md.</summary>
/// <remarks>Thread-safe. Disposal takes no more calls, lets those in progress finish within <see cref="PbmOptions.DrainTimeout"/>, and
/// ends those that only follow something.</remarks>
public sealed class PbmServer : IAsyncDisposable
{
    // Beyond the limit a few are still greeted, so that they hear why they are not served; the rest is closed at once.
    private const int GreetedBeyondMax = 16;
    private const int Backlog = 64;

    private readonly ConnectionTerms _terms;
    private readonly List<Socket> _listeners = [];
    private readonly List<Task> _accepting = [];
    private readonly Lock _gate = new();
    private readonly Dictionary<Connection, Task> _connections = [];
    private readonly CancellationTokenSource _stopping = new();
    private int _disposed;

    private PbmServer(ConnectionTerms terms) => _terms = terms;

    /// <summary>Gets where it listens, in the order of the options, with the ports that were free where 0 was asked for.</summary>
    public IReadOnlyList<IPEndPoint> Addresses { get; private set; } = [];

    /// <summary>Checks the options, reads the files they name, and starts to listen.</summary>
    /// <param name="options">Read once; later changes have no effect.</param>
    /// <param name="loggers">Where calls that change something are recorded with who asked.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>: every problem listed; a file cannot be used; an
    /// address is taken.</exception>
    public static async Task<PbmServer> StartAsync(PbmOptions options, ILoggerFactory loggers, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        cancellationToken.ThrowIfCancellationRequested();
        var problems = options.FindProblems().Select(problem => $"{problem.Property} = {problem.Value}: {problem.Rule}").ToList();
        if (problems.Count > 0)
        {
            throw PbmErrors.Invalid(problems);
        }

        var gate = new Gate(options);
        gate.Check();
        var server = new PbmServer(new ConnectionTerms(
            options, new Catalogue(options.Program, [.. options.Palettes]), gate, Tls.Read(options), loggers.CreateLogger<PbmServer>()));
        try
        {
            server.Listen();
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        foreach (var listener in _listeners)
        {
            listener.Dispose();
        }

        await Task.WhenAll(_accepting).ConfigureAwait(false);
        KeyValuePair<Connection, Task>[] open;
        lock (_gate)
        {
            open = [.. _connections];
        }

        await Task.WhenAll(open.Select(one => one.Key.StopAsync(_terms.Options.DrainTimeout))).ConfigureAwait(false);
        await Task.WhenAll(open.Select(one => one.Value)).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private void Listen()
    {
        var security = (_terms.Tls is null ? "no TLS" : "TLS") + (_terms.Options.AsksForProof ? ", callers prove who they are" : ", any user of this machine may call");
        foreach (var address in _terms.Options.Listen)
        {
            _ = ListenAddress.TryParse(address, out var endpoint);
            var listener = new Socket(endpoint!.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            _listeners.Add(listener);
            try
            {
                listener.Bind(endpoint);
                listener.Listen(Backlog);
            }
            catch (SocketException taken)
            {
                throw PbmErrors.CannotListen(address, taken);
            }

            PbmLog.Listening(_terms.Logger, listener.LocalEndPoint!.ToString()!, security);
        }

        Addresses = [.. _listeners.Select(listener => (IPEndPoint)listener.LocalEndPoint!)];
        _accepting.AddRange(_listeners.Select(AcceptAsync));
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Begin(await listener.AcceptAsync(_stopping.Token).ConfigureAwait(false));
            }
            catch (Exception ended) when (
                _stopping.IsCancellationRequested && ended is (OperationCanceledException or ObjectDisposedException or SocketException))
            {
                return;
            }
            catch (SocketException failure)
            {
                // Out of descriptors, or a caller that left in the queue: the next one may do better, a little later.
                PbmLog.AcceptFailed(_terms.Logger, failure);
                await Task.Delay(TimeSpan.FromMilliseconds(100), _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Begin(Socket socket)
    {
        lock (_gate)
        {
            if (_connections.Count >= _terms.Options.ConnectionsMax + GreetedBeyondMax || _stopping.IsCancellationRequested)
            {
                socket.Dispose();
                return;
            }

            socket.NoDelay = true;
            var connection = new Connection(
                socket, socket.RemoteEndPoint?.ToString() ?? "nowhere", _terms, _connections.Count >= _terms.Options.ConnectionsMax);
            var run = Task.Run(connection.RunAsync);
            _connections.Add(connection, run);
            _ = run.ContinueWith(
                _ => Forget(connection), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private void Forget(Connection connection)
    {
        lock (_gate)
        {
            _connections.Remove(connection);
        }

        connection.Dispose();
    }
}

using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Kyberium.Engine.Cluster.Calls;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Cluster.Framing;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Cluster.Links;

/// <summary>The calling side of the link to one node: connects when there is something to send, sends again what a lost connection left open.</summary>
internal sealed class NodeLink : IDisposable
{
    /// <summary>How late a request may be found out of time.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly CallTable _calls;
    private readonly NodeId _target;
    private readonly DnsEndPoint _address;
    private readonly ClusterIdentity _identity;
    private readonly ClusterLinkOptions _options;
    private readonly ILogger _logger;
    private readonly ITimer _sweeper;
    private readonly CancellationTokenSource _closed = new();
    private readonly List<LinkConnection> _connections = [];
    private LinkConnection? _current;
    private bool _isConnecting;
    private bool _isSweeping;
    private int _generation;

    internal NodeLink(NodeId target, DnsEndPoint address, ClusterIdentity identity, ClusterLinkOptions options, ILogger logger)
    {
        (_target, _address, _identity, _options, _logger) = (target, address, identity, options, logger);
        _calls = new CallTable(options.WaitingCountMax);
        _sweeper = options.TimeProvider.CreateTimer(
            static link => ((NodeLink)link!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal DnsEndPoint Address => _address;

    internal (int Waiting, int Unanswered, int Generation) Load
    {
        get
        {
            lock (_lock)
            {
                return (_calls.WaitingCount, _calls.UnansweredCount, _generation);
            }
        }
    }

    private long Now => (long)_options.TimeProvider.GetElapsedTime(0, _options.TimeProvider.GetTimestamp()).TotalMilliseconds;

    internal void Submit(Call call)
    {
        lock (_lock)
        {
            _calls.Submit(call, Now);
            Continue();
        }
    }

    internal void Cancel(Call call, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            call.Cancel(cancellationToken);
            _current?.Wake.Wake();
        }
    }

    /// <summary>Opens a new connection beside the present one, and lets that finish.</summary>
    internal void Refresh()
    {
        lock (_lock)
        {
            if (_current is not null)
            {
                Connect();
            }
        }
    }

    /// <summary>Settles everything that waits and ends all connections.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _calls.Close();
            _connections.ForEach(connection => connection.Dispose());
        }

        _closed.Cancel();
        _sweeper.Dispose();
    }

    // Under the lock, after anything that may have left something to do.
    private void Continue()
    {
        if (_calls.HasWork && !_isSweeping && !_closed.IsCancellationRequested)
        {
            _isSweeping = true;
            _sweeper.Change(SweepInterval, Timeout.InfiniteTimeSpan);
        }

        if (_calls.WaitingCount > 0)
        {
            if (_current is { } current)
            {
                current.Wake.Wake();
            }
            else
            {
                Connect();
            }
        }
    }

    private void Sweep()
    {
        lock (_lock)
        {
            _isSweeping = false;
            _calls.Sweep(Now);
            foreach (var connection in _connections)
            {
                if (connection.State.HasOwnWork)
                {
                    connection.Wake.Wake();
                }
            }

            Continue();
        }
    }

    private void Connect()
    {
        if (!_isConnecting && !_closed.IsCancellationRequested)
        {
            _isConnecting = true;
            _ = ConnectAsync();
        }
    }

    private async Task ConnectAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);       // the caller holds the lock
        for (var failures = 1; ; failures++)
        {
            try
            {
                var credentials = _identity.Current;
                var connection = await LinkConnection.OpenAsync(
                    _address, _target, credentials, _options,
                    Refused, _closed.Token).ConfigureAwait(false);
                Begin(connection, credentials);
                return;
            }
            catch (Exception failure) when (IsExpected(failure))
            {
                if (!_closed.IsCancellationRequested)
                {
                    LinkMeter.Failed.Add(1);
                    LinkLog.NotConnected(_logger, _target.Value, failures, failure.GetBaseException().Message);
                }
            }

            var delay = new ReconnectDelay((int)_options.ReconnectDelay.TotalMilliseconds, (int)_options.ReconnectDelayMax.TotalMilliseconds)
                .After(failures, RandomNumberGenerator.GetInt32(1 << 16) / 65_536.0);
            await DelayAsync(delay).ConfigureAwait(false);
            lock (_lock)
            {
                // Nobody tries on for requests that have all ended meanwhile.
                _isConnecting = (_calls.WaitingCount > 0 || _current is not null) && !_closed.IsCancellationRequested;
                if (!_isConnecting)
                {
                    return;
                }
            }
        }
    }

    private void Refused(string reason)
    {
        LinkMeter.Refused.Add(1);
        LinkLog.CertificateRefused(_logger, _target.Value, reason);
    }

    private async Task DelayAsync(TimeSpan delay) =>
        await Task.Delay(delay, _options.TimeProvider, _closed.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void Begin(LinkConnection connection, NodeCredentials credentials)
    {
        lock (_lock)
        {
            _isConnecting = false;
            if (_closed.IsCancellationRequested)
            {
                connection.Dispose();
                return;
            }

            var previous = _current;
            _generation++;
            _connections.Add(connection);
            _calls.Connected(connection.State);
            _current = connection;
            if (previous is { State.UnansweredCount: 0 })
            {
                previous.Dispose();
            }

            LinkMeter.Made.Add(1);
            LinkMeter.Remade.Add(_generation > 1 ? 1 : 0);
            LinkLog.Connected(_logger, _target.Value, _generation);
            if (credentials != _identity.Current)
            {
                Connect();      // replaced while this one was made: it was not told then, since it had no connection to follow
            }
        }

        _ = RunAsync(connection, Now);
    }

    private async Task RunAsync(LinkConnection connection, long since)
    {
        string? reason = null;
        try
        {
            await connection.RunAsync(writer => Fill(connection, writer), items => Take(connection, items), () => Ask(connection)).ConfigureAwait(false);
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            reason = failure.GetBaseException().Message;
        }
#pragma warning disable CA1031 // A defect here ends this connection like any other loss: what it left open is settled or sent again.
        catch (Exception defect)
        {
            LinkLog.Defect(_logger, _target.Value, defect);
        }
#pragma warning restore CA1031

        connection.Dispose();
        lock (_lock)
        {
            var (open, wasDraining) = (connection.State.UnansweredCount, connection.State.IsDraining);
            _connections.Remove(connection);
            _calls.Lost(connection.State);
            _current = _current == connection ? null : _current;
            if (!_closed.IsCancellationRequested && (open > 0 || !wasDraining))
            {
                LinkMeter.Lost.Add(1);
                LinkLog.Lost(_logger, _target.Value, open, reason ?? "the other side ended it");
            }
        }

        // A connection that is lost as soon as it is made must not be made again at once, for ever.
        if (Now - since < _options.ReconnectDelay.TotalMilliseconds)
        {
            await DelayAsync(_options.ReconnectDelay).ConfigureAwait(false);
        }

        lock (_lock)
        {
            Continue();
        }
    }

    private bool Fill(LinkConnection connection, FrameWriter writer)
    {
        lock (_lock)
        {
            return _calls.Fill(connection.State, writer, Now);
        }
    }

    private void Ask(LinkConnection connection)
    {
        lock (_lock)
        {
            connection.State.Asks = true;
            connection.Wake.Wake();
        }
    }

    private bool Take(LinkConnection connection, ReadOnlyMemory<byte> items)
    {
        lock (_lock)
        {
            var reader = new FrameReader(items.Span);
            Reading reading;
            while ((reading = reader.TryNext(out var item)) == Reading.Whole)
            {
                Take(connection, item, items);
            }

            if (reading == Reading.Malformed)
            {
                throw new LinkProtocolException("a malformed item");
            }

            Continue();
            return connection.State is { IsDraining: true, UnansweredCount: 0 };
        }
    }

    private void Take(LinkConnection connection, in LinkItem item, ReadOnlyMemory<byte> items)
    {
        var bytes = items.Slice(item.BytesStart, item.BytesLength);
        switch (item.Kind)
        {
            case ItemKind.Answer:
                connection.State.Answer(item, bytes);
                break;
            case ItemKind.Piece:
                connection.State.Piece(item, bytes.Span);
                break;
            case ItemKind.Ask:
                connection.State.IsAsked = true;
                connection.Wake.Wake();
                break;
            case ItemKind.Here:
                break;
            case ItemKind.GoingAway:
                _calls.GoingAway(connection.State);
                _current = _current == connection ? null : _current;
                break;
            default:
                throw new LinkProtocolException($"an item of kind {(int)item.Kind}, which answers nothing");
        }
    }

    private static bool IsExpected(Exception failure) =>
        failure is SocketException or AuthenticationException or IOException or LinkProtocolException or OperationCanceledException or ObjectDisposedException;
}

using Kyberium.Engine.PostgreSql;
using Kyberium.Host.Configuration;
using Kyberium.Host.Control;
using Kyberium.Host.Nodes;
using Kyberium.Host.Palettes;
using Kyberium.Pbm.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kyberium.Host.Running;

/// <summary>The node as a hosted service: the engine first, then the control socket and pbm; stopped in the reverse order.</summary>
internal sealed class NodeService(NodeConfiguration configuration, Terminal terminal, ILoggerFactory loggers, LogTail logs, StopRequest stop) : IHostedService
{
    private readonly ILogger _logger = loggers.CreateLogger<NodeService>();
    private Node? _node;
    private ControlServer? _control;
    private PbmServer? _pbm;
    private PostgreSqlCluster? _cluster;

    /// <summary>Gets the running node. Only between start and stop.</summary>
    internal Node Node => _node ?? throw new InvalidOperationException("the node does not run");

    /// <summary>Gets where commands reach it. Only between start and stop.</summary>
    internal string ControlPath => _control?.SocketPath ?? throw new InvalidOperationException("the node does not run");

    /// <summary>Gets where operators reach it with pbm; none when it was not told to listen for them.</summary>
    internal IReadOnlyList<string> PbmAddresses => [.. _pbm?.Addresses.Select(address => address.ToString()) ?? []];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var listen = configuration.Host.Listen.Count == 0 ? "nothing" : string.Join(", ", configuration.Host.Listen);
        HostLog.Starting(
            _logger, ProgramVersion.Text, configuration.DataDirectory, configuration.Engine.Keyring.Path, listen);
        _node = await NodeStart.OpenAsync(
            configuration, loggers, NodeLinks.Make(configuration), acceptRestored: false, cancellationToken);
        try
        {
            _control = await ControlServer.StartAsync(_node, configuration, terminal.Variables, loggers, cancellationToken);
        }
        catch
        {
            await _node.DisposeAsync();
            throw;
        }

        HostLog.ControlReady(_logger, _control.SocketPath);
        await StartPbmAsync(_node, cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        HostLog.Stopping(_logger);
        if (_pbm is not null)
        {
            await _pbm.DisposeAsync();
        }

        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        if (_control is not null)
        {
            await _control.DisposeAsync();
        }

        if (_node is not null)
        {
            await _node.DisposeAsync();
        }
    }

    private async Task StartPbmAsync(Node node, CancellationToken cancellationToken)
    {
        if (configuration.Host.Pbm.Listen.Count == 0)
        {
            return;
        }

        try
        {
            var options = configuration.Host.Pbm.ToServerOptions($"kyberium {ProgramVersion.Text}", configuration.Host.DrainTimeout);
            if (node.ClusterDatabase.Length > 0)
            {
                _cluster = await PostgreSqlCluster.OpenAsync(
                    new PostgreSqlClusterOptions { ConnectionString = node.ClusterDatabase, Schema = configuration.Host.Cluster.Schema }, "pbm",
                    cancellationToken: cancellationToken);
            }

            foreach (var palette in NodePalettes.Of(node, configuration, logs, stop, _cluster))
            {
                options.Palettes.Add(palette);
            }

            _pbm = await PbmServer.StartAsync(options, loggers, cancellationToken);
        }
        catch
        {
            await (_cluster?.DisposeAsync() ?? default);
            await _control!.DisposeAsync();
            await node.DisposeAsync();
            throw;
        }
    }
}

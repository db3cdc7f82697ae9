using Kyberium.Host.Configuration;
using Kyberium.Host.Control;
using Kyberium.Host.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kyberium.Host.Running;

/// <summary>The node as a hosted service: the engine first, then the control socket; stopped in the reverse order.</summary>
internal sealed class NodeService(NodeConfiguration configuration, Terminal terminal, ILoggerFactory loggers) : IHostedService
{
    private readonly ILogger _logger = loggers.CreateLogger<NodeService>();
    private Node? _node;
    private ControlServer? _control;

    /// <summary>Gets the running node. Only between start and stop.</summary>
    internal Node Node => _node ?? throw new InvalidOperationException("the node does not run");

    /// <summary>Gets where commands reach it. Only between start and stop.</summary>
    internal string ControlPath => _control?.SocketPath ?? throw new InvalidOperationException("the node does not run");

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
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        HostLog.Stopping(_logger);
        if (_control is not null)
        {
            await _control.DisposeAsync();
        }

        if (_node is not null)
        {
            await _node.DisposeAsync();
        }
    }
}

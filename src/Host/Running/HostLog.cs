using Microsoft.Extensions.Logging;

namespace Kyberium.Host.Running;

/// <summary>Log messages of the host: events 6000 to 6099. No secret, no payload.</summary>
internal static partial class HostLog
{
    [LoggerMessage(6000, LogLevel.Information, "Starting kyberium {Version}: data directory {DataDirectory}, keyring {Keyring}, listening on {Listen}")]
    internal static partial void Starting(ILogger logger, string version, string dataDirectory, string keyring, string listen);

    [LoggerMessage(6001, LogLevel.Information, "Commands reach this node at {Socket}")]
    internal static partial void ControlReady(ILogger logger, string socket);

    [LoggerMessage(6002, LogLevel.Information, "Stopping: what was accepted is finished first")]
    internal static partial void Stopping(ILogger logger);

    [LoggerMessage(6003, LogLevel.Error, "A control request failed in a way nobody foresaw")]
    internal static partial void ControlFailed(ILogger logger, Exception failure);
}

using Microsoft.Extensions.Logging;

namespace Kyberium.Lighthouse;

/// <summary>Log messages of a Lighthouse: events 6100 to 6199. No secret.</summary>
internal static partial class LighthouseLog
{
    [LoggerMessage(6100, LogLevel.Information, "Lighthouse {Version} of cluster {Cluster} listens at {Listen}")]
    internal static partial void Ready(ILogger logger, string version, string cluster, string listen);

    [LoggerMessage(6101, LogLevel.Information, "Node {Node} joined with token {Token}")]
    internal static partial void Joined(ILogger logger, string node, string token);

    [LoggerMessage(6102, LogLevel.Information, "Node {Node} renewed its certificate")]
    internal static partial void Renewed(ILogger logger, string node);

    [LoggerMessage(6103, LogLevel.Warning, "Refused {Request} from {Address}: {Reason}")]
    internal static partial void Refused(ILogger logger, string request, string address, string reason);

    [LoggerMessage(6104, LogLevel.Information, "Stopping")]
    internal static partial void Stopping(ILogger logger);

    [LoggerMessage(6105, LogLevel.Error, "A request could not be answered")]
    internal static partial void Failed(ILogger logger, Exception exception);

    [LoggerMessage(6106, LogLevel.Information, "This Lighthouse {What}")]
    internal static partial void Allocates(ILogger logger, string what);

    [LoggerMessage(6107, LogLevel.Warning, "The cluster's database does not answer this Lighthouse: {Reason}")]
    internal static partial void NotWatched(ILogger logger, string reason);

    [LoggerMessage(6108, LogLevel.Warning, "Store {Store} is of generation {Generation} from now on, says node {Node}: an older copy was gone on from")]
    internal static partial void GenerationBegan(ILogger logger, string store, uint generation, string node);
}

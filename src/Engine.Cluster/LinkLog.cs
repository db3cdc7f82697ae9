using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Cluster;

/// <summary>Log messages of the cluster link: events 1100 to 1199. No secret, no payload.</summary>
internal static partial class LinkLog
{
    [LoggerMessage(1100, LogLevel.Information, "Connected to node {Node}, connection {Generation}")]
    internal static partial void Connected(ILogger logger, string node, int generation);

    [LoggerMessage(1101, LogLevel.Warning, "The connection to node {Node} was lost with {Unanswered} requests unanswered: {Reason}")]
    internal static partial void Lost(ILogger logger, string node, int unanswered, string reason);

    [LoggerMessage(1102, LogLevel.Warning, "Node {Node} was not reached, attempt {Attempt}: {Reason}")]
    internal static partial void NotConnected(ILogger logger, string node, int attempt, string reason);

    [LoggerMessage(1103, LogLevel.Error, "A certificate shown as node {Node} was refused: {Reason}")]
    internal static partial void CertificateRefused(ILogger logger, string node, string reason);

    [LoggerMessage(1104, LogLevel.Error, "A caller's certificate was refused: {Reason}")]
    internal static partial void CallerRefused(ILogger logger, string reason);

    [LoggerMessage(1105, LogLevel.Warning, "The connection of node {Node} was ended: {Reason}")]
    internal static partial void CallerLost(ILogger logger, string node, string reason);

    [LoggerMessage(1106, LogLevel.Error, "A request of node {Node} for shard {Shard} failed in the handler")]
    internal static partial void HandlerFailed(ILogger logger, string node, string shard, Exception exception);

    [LoggerMessage(1107, LogLevel.Error, "The connection with node {Node} failed by a defect; it is made again")]
    internal static partial void Defect(ILogger logger, string node, Exception exception);

    [LoggerMessage(1110, LogLevel.Information, "Node {Node} has a new certificate until {NotAfter}")]
    internal static partial void Renewed(ILogger logger, string node, DateTime notAfter);

    [LoggerMessage(1111, LogLevel.Error, "The certificate of node {Node}, which lasts until {NotAfter}, was not renewed: {Reason}")]
    internal static partial void NotRenewed(ILogger logger, string node, DateTime notAfter, string reason);

    [LoggerMessage(1112, LogLevel.Error, "The new certificate could not be kept in {Path}: {Reason}")]
    internal static partial void NotKept(ILogger logger, string path, string reason);

    [LoggerMessage(1113, LogLevel.Warning, "Lighthouse {Lighthouse} does not take how far shards have come: {Reason}")]
    internal static partial void NotWitnessed(ILogger logger, string lighthouse, string reason);

    [LoggerMessage(1114, LogLevel.Information, "Lighthouse {Lighthouse} takes how far shards have come again")]
    internal static partial void WitnessedAgain(ILogger logger, string lighthouse);

    [LoggerMessage(1116, LogLevel.Information, "{Count} certificates of the cluster are denied now")]
    internal static partial void DeniedChanged(ILogger logger, int count);

    [LoggerMessage(1117, LogLevel.Warning, "No Lighthouse says which certificates are denied: {Reason}")]
    internal static partial void NotRefreshed(ILogger logger, string reason);

    [LoggerMessage(1115, LogLevel.Warning, "No Lighthouse says what it remembers of the store, so that the keyring alone tells an older copy of it: {Reason}")]
    internal static partial void NothingRemembered(ILogger logger, string reason);
}

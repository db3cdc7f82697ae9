using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Diagnostics;

/// <summary>Log messages of the engine: events 1000 to 1099. No secret, no payload.</summary>
internal static partial class EngineLog
{
    [LoggerMessage(1000, LogLevel.Information, "Engine ready in {Millis} ms: {Shards} shards, {Facts} facts recovered. Journal: {Journal}. Keyring: {Keyring}")]
    internal static partial void Ready(ILogger logger, long millis, int shards, long facts, string journal, string keyring);

    [LoggerMessage(1001, LogLevel.Information, "Engine stopped")]
    internal static partial void Stopped(ILogger logger);

    [LoggerMessage(1002, LogLevel.Error, "Shard {Shard} ended and recovers: {Reason}")]
    internal static partial void ShardEnded(ILogger logger, string shard, string reason, Exception exception);

    [LoggerMessage(1003, LogLevel.Information, "Audit {Kind}: identity {Identity}, peer {Peer}, by {Actor}, correlation {Correlation}: {Detail}")]
    internal static partial void Audit(ILogger logger, string kind, string identity, string peer, string actor, string correlation, string detail);

    [LoggerMessage(1004, LogLevel.Error, "The audit sink failed; its events wait in the journal and are handed on again until it takes them")]
    internal static partial void AuditSinkFailed(ILogger logger, Exception exception);

    [LoggerMessage(1005, LogLevel.Debug, "An envelope was refused: {Reason}")]
    internal static partial void EnvelopeRefused(ILogger logger, string reason);

    [LoggerMessage(1006, LogLevel.Warning, "The ratio of half-open handshakes is high: {HalfOpen} of {HalfOpenMax}; new ones must show a cookie")]
    internal static partial void CookiesDemanded(ILogger logger, int halfOpen, int halfOpenMax);

    [LoggerMessage(1007, LogLevel.Error, "A checkpoint of shard {Shard} failed: {Reason}")]
    internal static partial void CheckpointFailed(ILogger logger, string shard, string reason, Exception exception);

    [LoggerMessage(1008, LogLevel.Information, "Data key {Number} of shard {Shard} was destroyed: nothing is sealed under it any more")]
    internal static partial void DataKeyDestroyed(ILogger logger, uint number, string shard);

    [LoggerMessage(1009, LogLevel.Warning, "Rows of shard {Shard} could not be sealed under the newest data key: {Reason}")]
    internal static partial void KeyUpkeepFailed(ILogger logger, string shard, string reason, Exception exception);

    [LoggerMessage(1010, LogLevel.Error, "{CountMax} audit events of shard {Shard} wait for the sink; further ones are in this log only, until it takes some")]
    internal static partial void AuditBacklogFull(ILogger logger, string shard, int countMax);

    [LoggerMessage(1011, LogLevel.Error, "A link could not be stopped; the engine goes on without it")]
    internal static partial void LinkNotStopped(ILogger logger, Exception exception);

    [LoggerMessage(1012, LogLevel.Error, "The audit sink could not be closed; events it did not take stay in the journal and are handed on after the next start")]
    internal static partial void AuditSinkNotClosed(ILogger logger, Exception exception);

    [LoggerMessage(1013, LogLevel.Error, "The public document of {Peer} could not be read from shard {Shard}, so that a handshake with it failed: {Reason}")]
    internal static partial void DocumentNotRead(ILogger logger, string peer, string shard, string reason, Exception exception);

    [LoggerMessage(1014, LogLevel.Warning, "What other nodes wrote into the directory could not be read: {Reason}")]
    internal static partial void DirectoryNotRead(ILogger logger, string reason, Exception exception);

    [LoggerMessage(1015, LogLevel.Warning, "This node could not hand on its shards before it stopped ({Reason}); they are free when its lease is over")]
    internal static partial void NotLeft(ILogger logger, string reason);

    [LoggerMessage(1020, LogLevel.Information, "A stream to {Peer} ended early and its receiver could not be told: {Reason}. The next stream does that")]
    internal static partial void StreamNotAbandoned(ILogger logger, string peer, string reason);

    [LoggerMessage(1030, LogLevel.Information, "AES-256-GCM of records: {Provider}, where a template leaves it open")]
    internal static partial void AeadChosen(ILogger logger, string provider);

    [LoggerMessage(1031, LogLevel.Information, "This processor has no AES with carry-less products: records are sealed with the platform's AES-256-GCM")]
    internal static partial void AeadFellBack(ILogger logger);
}

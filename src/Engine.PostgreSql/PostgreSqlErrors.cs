using Npgsql;

namespace Kyberium.Engine.PostgreSql;

/// <summary>Every failure of the PostgreSQL journal, with what to do next.</summary>
internal static class PostgreSqlErrors
{
    private const string DiskFull = "53100";

    /// <summary>Tells whether the server has answered that it changed nothing. Anything else leaves open what it did.</summary>
    internal static bool ChangedNothing(Exception failure) =>
        failure is PostgresException { SqlState: var state } && !IsAway(state);

    /// <summary>Tells whether the same may be tried again as it is.</summary>
    internal static bool IsCollision(Exception failure) => failure is PostgresException
    {
        SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.LockNotAvailable,
    };

    /// <summary>Tells a database that cannot be reached, or is not ready, from one that refuses what it was asked.</summary>
    internal static bool IsAway(Exception failure) => failure switch
    {
        PostgresException { SqlState: var state } => IsAway(state),
        NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException => true,
        _ => false,
    };

    internal static EngineException Of(Exception failure, string where) => failure switch
    {
        EngineException engine => engine,
        PostgresException { SqlState: DiskFull } full => new(EngineErrorCode.JournalFull,
            $"the database at {where} has no room ({full.MessageText}); nothing was written: free space on its disk, then retry", failure),
        PostgresException { SqlState: var state } refused when !IsAway(state) => new(EngineErrorCode.JournalUnavailable,
            $"the database at {where} refused with {state} ({refused.MessageText}); nothing was written: see the server's log, then retry", failure),
        _ => Away(where, failure),
    };

    internal static EngineException Away(string where, Exception cause) => new(EngineErrorCode.JournalUnavailable,
        $"the database at {where} does not answer ({cause.Message}): once it does, read the shard's extent and retry what it does not show", cause);

    internal static EngineException Fenced(ShardId shard, Fence held, Fence current) => new(EngineErrorCode.ShardFenced,
        $"shard {shard} has fence {current.Value}, this owner holds {held.Value}: stop using the shard and acquire it again");

    internal static EngineException FollowsFailure(ShardId shard) => new(EngineErrorCode.JournalUnavailable,
        $"an earlier commit of shard {shard} failed and this one follows it: read the shard's extent, then retry both");

    internal static EngineException OutcomeUnknown(ShardId shard) => new(EngineErrorCode.JournalUnavailable,
        $"shard {shard} was settled or taken over while a commit was under way: read its extent, then retry what it does not show");

    internal static EngineException Overtaken(ShardId shard) => new(EngineErrorCode.JournalUnavailable,
        $"shard {shard} was truncated while it was read: read its extent and start again");

    internal static EngineException Damaged(ShardId shard, LogPosition expected, LogPosition found) => new(EngineErrorCode.JournalCorrupt,
        $"record {found.Value} of shard {shard} stands where {expected.Value} should: restore the database from a backup");

    internal static EngineException Overloaded(int waiting) => new(EngineErrorCode.Overloaded,
        $"{waiting:N0} calls wait for the journal already: retry later, or lower the number of shards that write at once");

    internal static InvalidOperationException OutOfOrder(ShardId shard, LogPosition position, LogPosition end) =>
        new($"shard {shard} ends at record {end.Value}; record {position.Value} does not follow it");

    internal static InvalidOperationException TruncatesBeyondEnd(ShardId shard, LogPosition through, LogPosition end) =>
        new($"shard {shard} ends at record {end.Value}; it cannot be truncated through {through.Value}");

    internal static EngineException Newer(string where, int found, int known) => new(EngineErrorCode.JournalVersionUnsupported,
        $"the journal at {where} has layout version {found}, this program knows up to {known}: run the newer version on it");

    internal static EngineException NotOurs(string where) => new(EngineErrorCode.JournalCorrupt,
        $"the schema at {where} exists and is not a journal's: name another schema, or drop this one");

    internal static EngineException Unsafe(string where, string setting) => new(EngineErrorCode.OptionsInvalid,
        $"the server at {where} has {setting}, so that a power failure would lose what it said was safe: turn it on, then start again");

    // Class 08: connection; 57P: shut down, started, or this connection ended by an operator; 25006: a standby; 53300: no connection free.
    private static bool IsAway(string state) =>
        state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("57P", StringComparison.Ordinal)
        || state is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.TooManyConnections;
}

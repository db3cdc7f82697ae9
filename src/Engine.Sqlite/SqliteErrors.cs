using SQLitePCL;

namespace Kyberium.Engine.Sqlite;

/// <summary>Every failure of the SQLite journal, with what to do next.</summary>
internal static class SqliteErrors
{
    private const int PrimaryCodeMask = 0xff;

    internal static EngineException Of(int code, string message, string file) => (code & PrimaryCodeMask) switch
    {
        raw.SQLITE_FULL => new(EngineErrorCode.JournalFull, $"no room to write '{file}'; nothing was written: free space on its disk, then retry"),
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => Damaged(file, message),
        raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_CANTOPEN => ReadOnly(Path.GetDirectoryName(file)!, message),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new(EngineErrorCode.JournalUnavailable,
            $"another program holds a lock on '{file}': end it, then retry"),
        _ => new(EngineErrorCode.JournalUnavailable,
            $"'{file}' failed with SQLite error {code} ({message}): check the disk and its log, then restart this process"),
    };

    /// <summary>Tells failures that leave the file and this process's view of it sound from those after which nothing may be trusted.</summary>
    internal static bool LeavesStoreSound(int code) => (code & PrimaryCodeMask)
        is raw.SQLITE_FULL or raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_TOOBIG;

    internal static EngineException Damaged(string file, string what) => new(EngineErrorCode.JournalCorrupt,
        $"'{file}' is damaged ({what}): run 'kyberium inspect --verify {Path.GetDirectoryName(file)}' and restore from a backup");

    internal static EngineException ShardDamaged(ShardId shard, string what, string file) => new(EngineErrorCode.JournalCorrupt,
        $"shard {shard} in '{file}' is damaged ({what}): run 'kyberium inspect --verify {Path.GetDirectoryName(file)}' and restore from a backup");

    internal static EngineException NotOurs(string file) => new(EngineErrorCode.JournalCorrupt,
        $"'{file}' is a SQLite file of another program: move it away or choose another data directory");

    internal static EngineException Newer(string file, long found, long known) => new(EngineErrorCode.JournalVersionUnsupported,
        $"'{file}' has layout version {found}, this program knows up to {known}: run the newer version on it");

    internal static EngineException NeverReleased(string file, long found, long first) => new(EngineErrorCode.JournalCorrupt,
        $"'{file}' has layout version {found}, and none before {first} was ever released: something changed the file; restore from a backup");

    internal static EngineException Locked(string directory, Exception cause) => new(EngineErrorCode.DataDirectoryLocked,
        $"another process has '{directory}' open: stop it, or choose another data directory", cause);

    internal static EngineException ReadOnly(string directory, string what, Exception? cause = null) => new(EngineErrorCode.DataDirectoryReadOnly,
        $"'{directory}' cannot be written ({what}): make it writable for this user, or choose another data directory", cause);

    internal static EngineException Fenced(ShardId shard, Fence held, Fence current) => new(EngineErrorCode.ShardFenced,
        $"shard {shard} has fence {current.Value}, this owner holds {held.Value}: stop using the shard and acquire it again");

    internal static EngineException FollowsFailure(ShardId shard) => new(EngineErrorCode.JournalUnavailable,
        $"an earlier commit of shard {shard} failed and this one follows it: read the shard's extent, then retry both");

    internal static EngineException Overtaken(ShardId shard) => new(EngineErrorCode.JournalUnavailable,
        $"shard {shard} was truncated while it was read: read its extent and start again");

    internal static EngineException Overloaded(int waiting) => new(EngineErrorCode.Overloaded,
        $"{waiting:N0} calls wait for the journal already: retry later, or lower the number of shards that write at once");

    internal static InvalidOperationException OutOfOrder(ShardId shard, LogPosition position, LogPosition end) =>
        new($"shard {shard} ends at record {end.Value}; record {position.Value} does not follow it");

    internal static InvalidOperationException TruncatesBeyondEnd(ShardId shard, LogPosition through, LogPosition end) =>
        new($"shard {shard} ends at record {end.Value}; it cannot be truncated through {through.Value}");

    internal static EngineException WriterDefect(Exception cause) => new(EngineErrorCode.InternalError,
        $"the journal's writer failed ({cause.GetType().Name}): restart this process and report the defect with its log", cause);

    internal static EngineException BackupExists(string file) => new(EngineErrorCode.RequestInvalid,
        $"'{file}' exists already: name a file that does not, so that no earlier backup is lost");

    internal static EngineException BackupFolderMissing(string folder) => new(EngineErrorCode.RequestInvalid,
        $"there is no folder '{folder}' to write a backup into: make it, or name a file in another one");

    internal static EngineException NoThreadSafeLibrary(string library) => new(EngineErrorCode.ProviderUnavailable,
        $"the SQLite library {library} was built without thread safety: install the distribution's own package");
}

/// <summary>A call into SQLite failed. Stays inside this assembly; callers see what <see cref="SqliteErrors.Of"/> makes of it.</summary>
internal sealed class SqliteFailure(int code, string message, string file) : Exception($"SQLite error {code}: {message}")
{
    internal int Code => code;

    internal EngineException ToEngineException() => SqliteErrors.Of(code, message, file);
}

using SQLitePCL;

namespace Kyberium.Engine.Sqlite;

/// <summary>Copies a database page by page from one read snapshot, beside a writer.</summary>
internal static class Backup
{
    private const int AllPages = -1;

    /// <returns>The number of pages copied.</returns>
    internal static int Write(Connection source, string path)
    {
        if (File.Exists(path))
        {
            throw SqliteErrors.BackupExists(path);
        }

        if (Path.GetDirectoryName(path) is { } folder && !Directory.Exists(folder))
        {
            throw SqliteErrors.BackupFolderMissing(folder);
        }

        var unfinished = path + ".unfinished";
        try
        {
            var pages = Copy(source, unfinished);
            File.Move(unfinished, path, overwrite: false);
            return pages;
        }
        catch
        {
            foreach (var suffix in new[] { "", "-wal", "-shm", "-journal" })
            {
                File.Delete(unfinished + suffix);
            }

            throw;
        }
    }

    private static int Copy(Connection source, string path)
    {
        using var target = Connection.Open(path, readOnly: false);
        using var backup = raw.sqlite3_backup_init(target.Handle, "main", source.Handle, "main");
        if (backup.IsInvalid)
        {
            target.Check(raw.sqlite3_errcode(target.Handle));
        }

        target.Check(raw.sqlite3_backup_step(backup, AllPages));
        return raw.sqlite3_backup_pagecount(backup);
    }
}

using Kyberium.Engine;
using Kyberium.Engine.Sqlite;
using Kyberium.Host.Configuration;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Store;

/// <summary>Places a backup as the store of an empty data directory.</summary>
internal static class StoreRestoration
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <exception cref="EngineException"><see cref="EngineErrorCode.RequestInvalid"/>: the directory is not empty, or the backup cannot be
    /// read; what opening a store gives when it is none. The directory is then as it was.</exception>
    internal static async Task PlaceAsync(NodeConfiguration configuration, string backup, CancellationToken cancellationToken)
    {
        var directory = configuration.DataDirectory;
        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw HostErrors.DirectoryNotEmpty(directory);
        }

        var began = !Directory.Exists(directory);
        Directory.CreateDirectory(directory, OwnerOnly);
        try
        {
            await CopyAsync(backup, NodeStart.StoreFile(configuration), cancellationToken);
            await using var journal = await SqliteJournal.OpenAsync(
                new SqliteJournalOptions { DataDirectory = directory }, cancellationToken);
        }
        catch (EngineException unusable) when (unusable.Code == EngineErrorCode.JournalCorrupt)
        {
            Empty(directory, began);
            throw HostErrors.BackupUnusable(backup, unusable);
        }
        catch
        {
            Empty(directory, began);
            throw;
        }
    }

    private static async Task CopyAsync(string backup, string file, CancellationToken cancellationToken)
    {
        try
        {
            await using var source = File.OpenRead(backup);
            if (source.Length == 0)
            {
                throw HostErrors.Invalid($"'{backup}' is empty; name a file that 'kyberium backup' wrote");
            }

            var unfinished = file + ".unfinished";
            await using (var target = new FileStream(unfinished, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                await source.CopyToAsync(target, cancellationToken);
                target.Flush(flushToDisk: true);
            }

            File.Move(unfinished, file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw HostErrors.FileUnreadable(backup, failure);
        }
    }

    private static void Empty(string directory, bool remove)
    {
        foreach (var file in Directory.EnumerateFiles(directory))
        {
            File.Delete(file);
        }

        if (remove)
        {
            Directory.Delete(directory);
        }
    }
}

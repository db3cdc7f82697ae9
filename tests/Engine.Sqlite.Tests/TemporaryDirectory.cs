namespace Kyberium.Engine.Sqlite.Tests;

/// <summary>A directory of one test; removed with it.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("kyberium-").FullName;

    internal string JournalFile => System.IO.Path.Combine(Path, "journal.db");

    internal Task<SqliteJournal> OpenAsync(long pagesMax = 0, bool syncsToDisk = true) => SqliteJournal.OpenAsync(
        new SqliteJournalOptions { DataDirectory = Path, PagesMax = pagesMax, SyncsToDisk = syncsToDisk });

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

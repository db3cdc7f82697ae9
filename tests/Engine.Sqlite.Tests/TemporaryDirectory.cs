namespace Kyberium.Engine.Sqlite.Tests;

/// <summary>A directory of one test; removed with it.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("kyberium-").FullName;

    /// <summary>Gets the journal's files, its log first: what it holds moves on from there, and a search in this order meets it here or there.</summary>
    internal IEnumerable<string> JournalFiles => Directory.GetFiles(Path, "journal.db*").OrderDescending(StringComparer.Ordinal);

    internal string JournalFile => System.IO.Path.Combine(Path, "journal.db");

    internal Task<SqliteJournal> OpenAsync(long pagesMax = 0, bool syncsToDisk = true) => SqliteJournal.OpenAsync(
        new SqliteJournalOptions { DataDirectory = Path, PagesMax = pagesMax, SyncsToDisk = syncsToDisk });

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

using Kyberium.Engine;
using Kyberium.Engine.Sqlite;
using Kyberium.Tests.Support;

namespace Kyberium.Measuring;

/// <summary>Where engines that are measured keep their journals.</summary>
internal enum StoreKind
{
    /// <summary>Memory of this process: for volatile traffic, whose cost a journal is no part of.</summary>
    Memory,

    /// <summary>SQLite. Flushed when it is measured; not while sessions are made, where new peers wait for flushes.</summary>
    Disk,
}

/// <summary>The journal and the keyring of one engine, which outlive it: it can be stopped and started again over them.</summary>
internal sealed class Store(StoreKind kind, string directory, Func<string, CancellationToken, Task<IJournal>>? open = null) : IAsyncDisposable
{
    private readonly LentKeyring _keyring = new();
    private InMemoryJournal? _memory;

    /// <summary>Gets or sets whether a commit waits for the disk from the next start on.</summary>
    internal bool Flushes { get; set; }

    internal string Directory => directory;

    /// <summary>Loads the SQLite library that engines use, for whoever uses it without one: a process has one of them only.</summary>
    internal static void LoadSqlite() => SqliteLibrary.Ensure();

    internal EngineParts Parts() => new()
    {
        OpenKeyring = (_, _) => Task.FromResult(_keyring.Lend()),
        OpenJournal = async (_, token) => open is not null
            ? await open(Path.GetFileName(directory), token)
            : kind == StoreKind.Memory
            ? _memory = _memory?.Reopen() ?? new InMemoryJournal()
            : await SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = directory, SyncsToDisk = Flushes }, token),
    };

    public ValueTask DisposeAsync() => _keyring.DisposeAsync();
}

using System.Globalization;
using Kyberium.Engine;
using Kyberium.Engine.Sqlite;
using Kyberium.Engine.Sqlite.Crash;

// Appends to four shards of the data directory named by the first argument until it is killed, two commits of a shard outstanding at a time.
// After each commit that completed it prints "<shard> <position>"; what it printed must be there after the kill.
await using var journal = await SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = args[0] });
var shown = new Lock();
await Task.WhenAll(Enumerable.Range(0, 4).Select(AppendAsync));

async Task AppendAsync(int number)
{
    var shard = new ShardId("crash", number);
    var extent = await journal.AcquireAsync(shard);
    var position = extent.End;
    var before = Task.CompletedTask;
    while (true)
    {
        position = position.Next;
        var current = journal.CommitAsync(CrashRecords.Commit(shard, extent.Fence, position)).AsTask();
        await before;
        before = ShowAsync(current, number, position);
    }
}

async Task ShowAsync(Task commit, int number, LogPosition position)
{
    await commit;
    lock (shown)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{number} {position.Value}"));
    }
}

using BenchmarkDotNet.Attributes;
using Kyberium.Engine;
using Kyberium.Engine.Sqlite;

namespace Kyberium.Benchmarks;

/// <summary>A durable append of one record of 64 messages of 300 bytes, awaited one at a time, and reading them back.</summary>
public class JournalBenchmarks
{
    private const int RecordsRead = 1_000;

    private static readonly ShardId Shard = new(ShardId.DefaultGroup, 1);

    private readonly byte[] _record = new byte[64 * 300];
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "kyberium-perf-" + Path.GetRandomFileName());
    private SqliteJournal _journal = null!;
    private ShardExtent _extent;
    private long _position;

    [GlobalSetup]
    public void Prepare() => PrepareAsync().GetAwaiter().GetResult();     // the in-process toolchain does not await a setup

    private async Task PrepareAsync()
    {
        Directory.CreateDirectory(_directory);
        _journal = await SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = _directory });
        _extent = await _journal.AcquireAsync(Shard);
        for (var i = 0; i < RecordsRead; i++)
        {
            await AppendAsync();
        }
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _journal.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Directory.Delete(_directory, recursive: true);
    }

    [Benchmark]
    public async Task AppendAsync() => await _journal.CommitAsync(new JournalCommit
    {
        Shard = Shard,
        Fence = _extent.Fence,
        Position = new LogPosition(++_position),
        Record = _record,
    });

    [Benchmark]
    public async Task<int> ReadRecordsAsync()
    {
        var count = 0;
        await foreach (var record in _journal.ReadRecordsAsync(Shard, default))
        {
            if (++count == RecordsRead)
            {
                break;
            }
        }

        return count == RecordsRead ? count : throw new InvalidOperationException("records are missing");
    }
}

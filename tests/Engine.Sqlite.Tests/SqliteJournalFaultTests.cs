using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Sqlite.Tests;

public sealed class SqliteJournalFaultTests : IDisposable
{
    private static readonly ShardId ShardA = new("default", 1);
    private static readonly ShardId ShardB = new("default", 2);

    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task A_full_disk_refuses_what_does_not_fit_writes_nothing_of_it_and_takes_what_fits()
    {
        await using var journal = await _directory.OpenAsync(pagesMax: 200);
        var a = (await journal.AcquireAsync(ShardA)).Fence;
        var b = (await journal.AcquireAsync(ShardB)).Fence;
        await journal.CommitAsync(Append(ShardA, a, 1, 10_000));

        var tooLarge = journal.CommitAsync(Append(ShardA, a, 2, 2_000_000, row: 7)).AsTask();
        var follower = journal.CommitAsync(Append(ShardA, a, 3, 10)).AsTask();
        var fits = journal.CommitAsync(Append(ShardB, b, 1, 10)).AsTask();

        await FailsAsync(EngineErrorCode.JournalFull, tooLarge);
        await Assert.ThrowsAsync<EngineException>(() => follower);
        await fits;
        Assert.Equal(new LogPosition(1), (await journal.ReadExtentAsync(ShardA)).End);
        Assert.Null(await journal.ReadRowAsync(ShardA, new RowKey(RowKind.Peer, new byte[] { 7 })));

        await journal.CommitAsync(Append(ShardA, a, 2, 100));
        Assert.Equal(2, (await journal.ReadRecordsAsync(ShardA, default).ToListAsync()).Count);
    }

    [Fact]
    public async Task Truncation_frees_room_on_a_full_disk()
    {
        await using var journal = await _directory.OpenAsync(pagesMax: 100);
        var fence = (await journal.AcquireAsync(ShardA)).Fence;
        var position = 0L;
        var failure = await Assert.ThrowsAsync<EngineException>(async () =>
        {
            while (true)
            {
                await journal.CommitAsync(Append(ShardA, fence, position + 1, 20_000));
                position++;
            }
        });
        Assert.Equal(EngineErrorCode.JournalFull, failure.Code);
        Assert.InRange(position, 5, 20);

        await journal.ReadExtentAsync(ShardA);
        await journal.CommitAsync(new JournalCommit { Shard = ShardA, Fence = fence, TruncateThrough = new LogPosition(position) });
        for (var round = 0; round < 50; round++)   // far more than fits at once: room is used again
        {
            position++;
            await journal.CommitAsync(Append(ShardA, fence, position, 20_000, truncateThrough: position));
        }

        Assert.Equal(0, journal.TailBytes);
    }

    /// <summary>Goal: damage below SQLite, which has no checksums of its own, is found by the frames and stays with its shard.</summary>
    [Fact]
    public async Task A_flipped_bit_in_a_record_is_found_and_named_and_other_shards_open()
    {
        var secret = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        byte[] sealedBytes;
        await using (var journal = await _directory.OpenAsync())
        {
            sealedBytes = await AppendSealedAsync(journal, ShardA, secret);
            await AppendSealedAsync(journal, ShardB, secret);
            Assert.True((await new JournalVerifier(journal, null).VerifyAsync(default)).IsSound);
        }

        FlipBitOf(sealedBytes, inside: _directory.JournalFile);

        await using var reopened = await _directory.OpenAsync();
        Assert.Empty(await reopened.CheckIntegrityAsync());   // to SQLite all is well
        var report = await new JournalVerifier(reopened, null).VerifyAsync(default);
        Assert.Equal(["shard default/1, record 1: its checksum does not match"], report.Findings.Select(finding => finding.ToString()));
        Assert.Equal(2, report.RecordCount);
    }

    [Theory, InlineData(RowKind.PeerKey), InlineData(RowKind.DataKey)]
    public async Task A_deleted_key_leaves_no_trace_in_the_files(RowKind kind)
    {
        // Goal: forgetting a peer is destroying one key. Method: a key whose bytes are easy to find is written, changed, deleted.
        var first = Enumerable.Range(0, 600).Select(i => (byte)((i * 7) + 1)).ToArray();
        var second = Enumerable.Range(0, 4_000).Select(i => (byte)((i * 11) + 3)).ToArray();
        await using var journal = await _directory.OpenAsync();
        var fence = (await journal.AcquireAsync(ShardA)).Fence;
        var key = new RowKey(kind, new byte[] { 1 });
        foreach (var value in new[] { first, second, null })
        {
            await journal.CommitAsync(new JournalCommit
            {
                Shard = ShardA,
                Fence = fence,
                Rows = [new RowChange(key, value is null ? default(ReadOnlyMemory<byte>?) : value)],
            });
            if (value is not null)
            {
                Assert.True(FilesContain(value.AsSpan(100, 64)));
            }
        }

        foreach (var value in new[] { first, second })
        {
            Assert.True(SpinWait.SpinUntil(() => !FilesContain(value.AsSpan(100, 64)), TimeSpan.FromSeconds(60)), "the key is still in a file");
        }
    }

    [Fact]
    public async Task A_gap_in_one_log_stops_that_shard_alone()
    {
        await using (var journal = await _directory.OpenAsync())
        {
            foreach (var shard in new[] { ShardA, ShardB })
            {
                var fence = (await journal.AcquireAsync(shard)).Fence;
                for (var position = 1; position <= 3; position++)
                {
                    await journal.CommitAsync(Append(shard, fence, position, 10));
                }
            }
        }

        using (var connection = Connection.Open(_directory.JournalFile, readOnly: false))
        {
            connection.Execute("DELETE FROM log WHERE position = 2 AND shard = (SELECT id FROM shard WHERE number = 1)");
        }

        await using var reopened = await _directory.OpenAsync();
        await FailsAsync(EngineErrorCode.JournalCorrupt, reopened.AcquireAsync(ShardA).AsTask());
        await FailsAsync(EngineErrorCode.JournalCorrupt, reopened.ReadRecordsAsync(ShardA, default).ToListAsync().AsTask());
        Assert.Equal(new LogPosition(3), (await reopened.AcquireAsync(ShardB)).End);
    }

    [Fact]
    public async Task A_damaged_page_is_corrupt_not_a_crash()
    {
        await using (var journal = await _directory.OpenAsync())
        {
            var fence = (await journal.AcquireAsync(ShardA)).Fence;
            await journal.CommitAsync(Append(ShardA, fence, 1, 30_000));
        }

        var bytes = await File.ReadAllBytesAsync(_directory.JournalFile);
        for (var i = 4_096; i < bytes.Length; i++)
        {
            bytes[i] ^= 0xff;
        }

        await File.WriteAllBytesAsync(_directory.JournalFile, bytes);
        await FailsAsync(EngineErrorCode.JournalCorrupt, _directory.OpenAsync());
    }

    [Fact]
    public async Task A_fence_raised_in_the_file_by_someone_else_is_seen_in_the_transaction()
    {
        // A second writer should be impossible; a file system whose locks do not work makes it possible all the same.
        await using var journal = await _directory.OpenAsync();
        var fence = (await journal.AcquireAsync(ShardA)).Fence;
        using (var connection = Connection.Open(_directory.JournalFile, readOnly: false))
        {
            connection.Execute("UPDATE shard SET fence = fence + 1");
        }

        await FailsAsync(EngineErrorCode.ShardFenced, journal.CommitAsync(Append(ShardA, fence, 1, 10)).AsTask());
    }

    [Fact]
    public async Task Too_many_waiting_calls_are_refused_rather_than_queued()
    {
        await using var journal = await SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = _directory.Path, WaitingCountMax = 64 });
        var fence = (await journal.AcquireAsync(ShardA)).Fence;
        using var blocker = Connection.Open(_directory.JournalFile, readOnly: false);
        blocker.Execute("BEGIN IMMEDIATE");   // the writer now waits for this lock, and calls wait for the writer

        var calls = Enumerable.Range(1, 200).Select(p => journal.CommitAsync(Append(ShardA, fence, p, 10)).AsTask()).ToArray();
        blocker.Execute("ROLLBACK");

        var codes = new List<EngineErrorCode?>();
        foreach (var call in calls)
        {
            codes.Add((await Record.ExceptionAsync(() => call)) is { } failure ? Assert.IsType<EngineException>(failure).Code : null);
        }

        // The first that finds no room is refused for it, and all behind it follow it, whenever there is room again: nothing is applied over a hole.
        var taken = codes.TakeWhile(static code => code is null).Count();
        Assert.InRange(taken, 1, 199);
        Assert.Equal(EngineErrorCode.Overloaded, codes[taken]);
        Assert.All(codes.Skip(taken + 1), static code => Assert.Equal(EngineErrorCode.JournalUnavailable, code));
        Assert.Equal(taken, (await journal.ReadExtentAsync(ShardA)).End.Value);
        await journal.CommitAsync(Append(ShardA, fence, taken + 1, 10));
    }

    [Fact]
    public async Task Truncated_records_leave_the_file_without_further_commits()
    {
        await using var journal = await _directory.OpenAsync();
        var fence = (await journal.AcquireAsync(ShardA)).Fence;
        for (var position = 1; position <= 100; position++)
        {
            await journal.CommitAsync(Append(ShardA, fence, position, 20_000));
        }

        await journal.CommitAsync(new JournalCommit { Shard = ShardA, Fence = fence, TruncateThrough = new LogPosition(100) });

        using var connection = Connection.Open(_directory.JournalFile, readOnly: true);
        Assert.True(SpinWait.SpinUntil(() => connection.ReadInt64("SELECT count(*) FROM log") == 0, TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_backup_taken_in_use_opens_with_the_same_id_and_a_whole_state()
    {
        await using var journal = await _directory.OpenAsync();
        var fence = (await journal.AcquireAsync(ShardA)).Fence;
        for (var position = 1; position <= 50; position++)
        {
            await journal.CommitAsync(Append(ShardA, fence, position, 5_000));
        }

        using var other = new TemporaryDirectory();
        var backup = journal.BackupToAsync(other.JournalFile);
        for (var position = 51; position <= 100; position++)
        {
            await journal.CommitAsync(Append(ShardA, fence, position, 5_000));
        }

        await backup;
        await FailsAsync(EngineErrorCode.RequestInvalid, journal.BackupToAsync(other.JournalFile));

        await using var copy = await other.OpenAsync();
        Assert.Equal(journal.StoreId.ToArray(), copy.StoreId.ToArray());
        Assert.Empty(await copy.CheckIntegrityAsync());
        var extent = await copy.ReadExtentAsync(ShardA);
        Assert.InRange(extent.End.Value, 50, 100);
        Assert.Equal(extent.End.Value, (await copy.ReadRecordsAsync(ShardA, default).ToListAsync()).Count);
    }

    public void Dispose() => _directory.Dispose();

    private static async Task<byte[]> AppendSealedAsync(SqliteJournal journal, ShardId shard, byte[] secret)
    {
        var extent = await journal.AcquireAsync(shard);
        using var dataKey = new DataKey(1, 0, SecretBytes.CopyOf(secret));
        using var sealer = new ShardSealer(journal.StoreId, shard, extent, dataKey, secret, new byte[16]);
        var record = sealer.SealRecord(new LogPosition(1), new byte[30_000], 1);
        await journal.CommitAsync(new JournalCommit { Shard = shard, Fence = extent.Fence, Position = new LogPosition(1), Record = record });
        return record;
    }

    private bool FilesContain(ReadOnlySpan<byte> bytes)
    {
        foreach (var file in _directory.JournalFiles)
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var content = new MemoryStream();
            stream.CopyTo(content);
            if (content.ToArray().AsSpan().IndexOf(bytes) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private static JournalCommit Append(
        ShardId shard, Fence fence, long position, int size, byte? row = null, long? truncateThrough = null) => new()
        {
            Shard = shard,
            Fence = fence,
            Position = new LogPosition(position),
            Record = Enumerable.Repeat((byte)1, size).ToArray(),
            Rows = row is { } key ? [new RowChange(new RowKey(RowKind.Peer, new[] { key }), new byte[] { key })] : [],
            TruncateThrough = truncateThrough is { } through ? new LogPosition(through) : null,
        };

    /// <summary>Flips one bit of a record where a kilobyte of it lies in one piece.</summary>
    private static void FlipBitOf(byte[] record, string inside)
    {
        var bytes = File.ReadAllBytes(inside);
        var found = bytes.AsSpan().IndexOf(record.AsSpan(10_000, 64));
        Assert.True(found > 0, "the record lies in the file");
        bytes[found + 32] ^= 0x04;
        File.WriteAllBytes(inside, bytes);
    }

    private static async Task FailsAsync(EngineErrorCode code, Task act) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<EngineException>(() => act)).Code);
}

using System.Globalization;
using Kyberium.Engine.Sqlite.Crash;

namespace Kyberium.Engine.Sqlite.Tests;

public sealed class SqliteJournalCrashTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    /// <summary>Goal: what was acknowledged is there after kill -9, whole and in order, and row and record of a commit agree. Method: a
    /// child process appends and prints what completed; it is killed after a number of lines; five times on one directory.</summary>
    [Fact]
    public async Task Acknowledged_commits_survive_kill_9()
    {
        var acknowledged = new long[4];
        foreach (var lines in new[] { 1, 37, 150, 400, 700 })
        {
            await RunAndKillAsync(lines, acknowledged);
            await VerifyAsync(acknowledged);
        }
    }

    public void Dispose() => _directory.Dispose();

    private async Task RunAndKillAsync(int lines, long[] acknowledged)
    {
        using var child = CrashProcess.Start(_directory.Path);
        for (var seen = 0; await child.StandardOutput.ReadLineAsync() is { } line; seen++)
        {
            if (line.Split(' ') is [var shard, var position])   // a line cut by the kill may lack its end; a shorter number is harmless
            {
                ref var last = ref acknowledged[int.Parse(shard, CultureInfo.InvariantCulture)];
                last = Math.Max(last, long.TryParse(position, CultureInfo.InvariantCulture, out var value) ? value : 0);
            }

            if (seen + 1 == lines)
            {
                child.Kill();   // SIGKILL; the loop goes on to read what it had printed by then
            }
        }

        await child.WaitForExitAsync();
        Assert.Equal(128 + 9, child.ExitCode);
    }

    private async Task VerifyAsync(long[] acknowledged)
    {
        await using var journal = await _directory.OpenAsync();
        Assert.Empty(await journal.CheckIntegrityAsync());
        for (var number = 0; number < acknowledged.Length; number++)
        {
            var shard = new ShardId("crash", number);
            var extent = await journal.ReadExtentAsync(shard);
            Assert.InRange(acknowledged[number], 0, extent.End.Value);

            var expected = extent.TruncatedThrough;
            await foreach (var record in journal.ReadRecordsAsync(shard, default))
            {
                expected = expected.Next;
                Assert.Equal(expected, record.Position);
                Assert.True(record.Bytes.Span.SequenceEqual(CrashRecords.Bytes(shard, record.Position)), $"{shard} {record.Position}");
            }

            Assert.Equal(extent.End, expected);
            if (extent.End.Value > 0)
            {
                var row = await journal.ReadRowAsync(shard, new RowKey(RowKind.Shard, ReadOnlyMemory<byte>.Empty));
                Assert.Equal(CrashRecords.Number(extent.End.Value), row!.Value.ToArray());
            }
        }
    }
}

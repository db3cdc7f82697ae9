using Kyberium.Engine.Journal;
using Kyberium.Engine.Sqlite;

namespace Kyberium.Host.Tests;

/// <summary>Goal: <c>inspect --verify</c> names the first bad record. Method: a backup taken beside a running node has records that no
/// checkpoint has taken up; one of them is changed, and the copy verified with its keyring and without.</summary>
public sealed class DamageTests : IAsyncLifetime
{
    private const int TagSize = 16;

    private ScratchNode _node = null!;
    private string _copy = "";

    public async Task InitializeAsync()
    {
        _node = await ScratchNode.CreateAsync();
        using var other = await ScratchNode.CreateAsync();
        _copy = Path.Combine(_node.Root, "copy");
        var backup = Path.Combine(_node.Root, "backup.db");
        await using (await ServingNode.StartAsync(_node))
        {
            await _node.SucceedAsync("peer", "add", "bob", other.Document);
            foreach (var text in new[] { "one", "two", "three", "four" })
            {
                await _node.SucceedAsync("send", "bob", text);
            }

            await _node.SucceedAsync("backup", backup);
        }

        await ScratchNode.RunBareAsync(["restore", backup, .. _node.Location(_copy)]);
    }

    public Task DisposeAsync()
    {
        _node.Dispose();
        return Task.CompletedTask;
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_copy_that_nobody_touched_is_sound(bool withKeys)
    {
        Assert.True(Log().Count >= 5, "the copy holds too few records to damage one");
        var outcome = await VerifyAsync(withKeys);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains(", sound", outcome.Output, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_changed_byte_is_named_with_keys_and_without(bool withKeys)
    {
        var bad = Log()[2];
        bad.Bytes[bad.Bytes.Length / 2] ^= 1;
        Put(bad.Sequence, bad.Bytes);
        await NamesAsync(withKeys, $"shard {bad.Shard}, record {bad.Position}: its checksum does not match");
    }

    [Fact]
    public async Task Content_changed_under_a_right_checksum_is_named_with_keys()
    {
        var bad = Log()[2];
        bad.Bytes[^(Crc32C.Size + TagSize + 1)] ^= 1;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(
            bad.Bytes.AsSpan(^Crc32C.Size..), Crc32C.Compute(bad.Bytes.AsSpan(..^Crc32C.Size)));
        Put(bad.Sequence, bad.Bytes);
        Assert.Equal(0, (await VerifyAsync(withKeys: false)).ExitCode);
        await NamesAsync(withKeys: true, $"shard {bad.Shard}, record {bad.Position}: it does not open under its data key");
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Two_records_that_changed_places_are_named_by_the_first(bool withKeys)
    {
        var (first, second) = (Log()[1], Log()[2]);
        Put(first.Sequence, second.Bytes);
        Put(second.Sequence, first.Bytes);
        await NamesAsync(withKeys, $"shard {first.Shard}, record {first.Position}: it was moved from another position or key");
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_record_that_was_taken_out_is_named_by_the_one_after_it(bool withKeys)
    {
        var (gone, next) = (Log()[1], Log()[2]);
        using (var connection = Connection.Open(JournalFile, readOnly: false))
        {
            using var delete = connection.Prepare("DELETE FROM log WHERE seq = ?1");
            delete.Bind(1, gone.Sequence).Run();
        }

        await NamesAsync(withKeys, $"shard {next.Shard}, record {next.Position}: records before it are missing");
    }

    private string JournalFile => Path.Combine(_copy, "journal.db");

    private async Task NamesAsync(bool withKeys, string expected)
    {
        var outcome = await VerifyAsync(withKeys);
        Assert.Equal(70, outcome.ExitCode);
        Assert.Equal([expected], outcome.Output.Split('\n').SkipWhile(line => !line.StartsWith("verified ", StringComparison.Ordinal))
            .Skip(1).Where(line => line.Length > 0).Select(line => line.Trim()));
        Assert.StartsWith("KY4001: verifying found 1 bad record or row", outcome.Error, StringComparison.Ordinal);
    }

    private Task<Outcome> VerifyAsync(bool withKeys) =>
        ScratchNode.RunBareAsync(["inspect", "--verify", _copy, .. withKeys ? ["--keyring", _node.Keyring] : Array.Empty<string>()]);

    /// <summary>Reads the records of the peer's shard, which has the most.</summary>
    private List<Record> Log()
    {
        using var connection = Connection.Open(JournalFile, readOnly: true);
        using var log = connection.Prepare(
            "SELECT log.seq, shard.name || '/' || shard.number, log.position, log.record FROM log JOIN shard ON shard.id = log.shard ORDER BY log.seq");
        var records = new List<Record>();
        while (log.Step())
        {
            records.Add(new Record(log.Int64(0), log.Text(1), log.Int64(2), log.Blob(3)));
        }

        return [.. records.GroupBy(record => record.Shard).OrderByDescending(shard => shard.Count()).First()];
    }

    private void Put(long sequence, byte[] bytes)
    {
        using var connection = Connection.Open(JournalFile, readOnly: false);
        using var update = connection.Prepare("UPDATE log SET record = ?2 WHERE seq = ?1");
        update.Bind(1, sequence).Bind(2, bytes).Run();
    }

    private sealed record Record(long Sequence, string Shard, long Position, byte[] Bytes);
}

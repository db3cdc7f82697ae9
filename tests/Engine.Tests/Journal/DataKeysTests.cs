using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Tests.Journal;

public sealed class DataKeysTests
{
    private static readonly byte[] Entropy = [.. Enumerable.Range(100, 32).Select(i => (byte)i)];

    [Fact]
    public async Task The_first_owner_makes_key_1_and_the_next_one_finds_it()
    {
        var journal = new InMemoryJournal();
        var first = await OpenAsync(journal, new TestKeyring(1), SealedShard.Now);
        var second = await OpenAsync(journal, new TestKeyring(1), SealedShard.Now + 1);

        Assert.Equal(1u, first.Current.Number);
        Assert.Equal(1u, second.Current.Number);
        Assert.True(first.Current.Secret.FixedTimeEquals(second.Current.Secret));
        Assert.Equal(Entropy, second.Current.Secret.Reveal().ToArray());
    }

    [Fact]
    public async Task No_key_lies_in_its_row_in_the_clear()
    {
        var journal = new InMemoryJournal();
        await OpenAsync(journal, new TestKeyring(1), SealedShard.Now);

        var row = await journal.ReadRowsAsync(SealedShard.Id, RowKind.DataKey, default).SingleAsync();
        Assert.Equal(-1, row.Value.Span.IndexOf(Entropy.AsSpan(0, 8)));
        Assert.Equal([0, 0, 0, 1], row.Key.Key.ToArray());
    }

    [Fact]
    public async Task A_wrong_keyring_is_told_and_changes_nothing()
    {
        var journal = new InMemoryJournal();
        await OpenAsync(journal, new TestKeyring(1), SealedShard.Now);

        var failure = await Assert.ThrowsAsync<EngineException>(() => OpenAsync(journal, new TestKeyring(2), SealedShard.Now + (long)SealedShard.KeyAge.TotalMilliseconds));

        Assert.Equal(EngineErrorCode.KeyringWrongKey, failure.Code);
        Assert.Single(await journal.ReadRowsAsync(SealedShard.Id, RowKind.DataKey, default).ToListAsync());
    }

    [Fact]
    public async Task A_log_without_any_key_is_corrupt_rather_than_given_a_new_one()
    {
        await using var shard = await SealedShard.StartAsync();
        await shard.AppendAsync("one");
        await shard.Journal.CommitAsync(new JournalCommit
        {
            Shard = SealedShard.Id,
            Fence = shard.Extent.Fence,
            Rows = [new RowChange(DataKeyRow.KeyOf(1), null)],
        });

        var failure = await Assert.ThrowsAsync<EngineException>(() => OpenAsync(shard.Journal, new TestKeyring(1), SealedShard.Now));
        Assert.Equal(EngineErrorCode.JournalCorrupt, failure.Code);
    }

    [Fact]
    public async Task A_key_of_another_shard_number_or_time_does_not_unwrap()
    {
        var journal = new InMemoryJournal();
        await OpenAsync(journal, new TestKeyring(1), SealedShard.Now);
        var row = await journal.ReadRowsAsync(SealedShard.Id, RowKind.DataKey, default).SingleAsync();
        Assert.Equal(FrameFault.None, DataKeyRow.Parse(row.Key, row.Value, out _, out var parsed));
        var elsewhere = new ShardId("default", 8);

        foreach (var (shard, change) in new[]
        {
            (elsewhere, new RowChange(row.Key, row.Value)),
            (SealedShard.Id, new RowChange(DataKeyRow.KeyOf(2), row.Value)),
            (SealedShard.Id, new RowChange(DataKeyRow.KeyOf(2), (parsed with { CreatedAtUnixMillis = 1 }).Encode())),
        })
        {
            var fence = (await journal.AcquireAsync(shard)).Fence;
            await journal.CommitAsync(new JournalCommit { Shard = shard, Fence = fence, Rows = [change] });
            var failure = await Assert.ThrowsAsync<EngineException>(async () =>
                await DataKeys.ReadAsync(journal, new TestKeyring(1), shard, default));
            Assert.Equal(EngineErrorCode.KeyringWrongKey, failure.Code);
        }
    }

    [Fact]
    public async Task A_key_rotates_after_a_day_and_both_open_what_they_sealed()
    {
        await using var shard = await SealedShard.StartAsync();
        await shard.AppendAsync("under key 1");

        Assert.False(await shard.Keys.RotateIfDueAsync(shard.Extent.Fence, SealedShard.Now + (long)SealedShard.KeyAge.TotalMilliseconds - 1, Entropy, default));
        Assert.True(await shard.Keys.RotateIfDueAsync(shard.Extent.Fence, SealedShard.Now + (long)SealedShard.KeyAge.TotalMilliseconds, Entropy, default));
        shard.Sealer.UseDataKey(shard.Keys.Current);
        await shard.AppendAsync("under key 2");

        Assert.Equal([1u, 2u], shard.Keys.Numbers);
        await using var reopened = await SealedShard.StartAsync(((InMemoryJournal)shard.Journal).Reopen());   // opens both records
        Assert.Equal(2u, reopened.Keys.Current.Number);
        Assert.Equal(2, reopened.Sealer.End.Value);
    }

    [Fact]
    public async Task Old_keys_live_while_a_frame_needs_them_and_no_longer()
    {
        await using var shard = await SealedShard.StartAsync();
        await shard.AppendAsync("record under key 1", shard.SealRow(RowKind.Peer, 1, "row under key 1"));
        await shard.Keys.RotateIfDueAsync(shard.Extent.Fence, SealedShard.Now + (long)SealedShard.KeyAge.TotalMilliseconds, Entropy, default);
        shard.Sealer.UseDataKey(shard.Keys.Current);
        await shard.AppendAsync("record under key 2", shard.SealRow(RowKind.Peer, 2, "row under key 2"));

        Assert.Empty(await shard.Keys.DeleteUnusedAsync(shard.Extent.Fence, default));
        var old = await shard.Keys.ReadRowsUnderOldKeysAsync(2, default).SingleAsync();
        Assert.Equal([1], old.Key.ToArray());

        await CommitRowsAsync(shard, shard.SealRow(RowKind.Peer, 1, "sealed anew"));
        Assert.Empty(await shard.Keys.ReadRowsUnderOldKeysAsync(2, default).ToListAsync());
        Assert.Empty(await shard.Keys.DeleteUnusedAsync(shard.Extent.Fence, default));   // the record still needs it

        await shard.Journal.CommitAsync(new JournalCommit
        {
            Shard = SealedShard.Id, Fence = shard.Extent.Fence, TruncateThrough = new LogPosition(1),
        });
        Assert.Equal([1u], await shard.Keys.DeleteUnusedAsync(shard.Extent.Fence, default));
        Assert.Equal([2u], shard.Keys.Numbers);
        Assert.Null(await shard.Keys.FindAsync(1, default));
        Assert.Single(await shard.Journal.ReadRowsAsync(SealedShard.Id, RowKind.DataKey, default).ToListAsync());
    }

    [Fact]
    public async Task Old_keys_are_unwrapped_only_when_needed()
    {
        var journal = new InMemoryJournal();
        for (var day = 0; day < 5; day++)
        {
            await OpenAsync(journal, new TestKeyring(1), SealedShard.Now + (day * (long)SealedShard.KeyAge.TotalMilliseconds));
        }

        var keyring = new TestKeyring(1);
        using var keys = await OpenAsync(journal, keyring, SealedShard.Now);
        Assert.Equal(5, keys.Numbers.Count);
        Assert.Equal(1, keyring.UnwrapCount);
        Assert.NotNull(await keys.FindAsync(2, default));
        Assert.NotNull(await keys.FindAsync(2, default));
        Assert.Equal(2, keyring.UnwrapCount);
    }

    [Fact]
    public void Every_flipped_bit_of_a_key_row_is_found()
    {
        var bytes = new DataKeyRow(SealedShard.Now, new byte[60]).Encode();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(FrameFault.ChecksumMismatch, DataKeyRow.Parse(DataKeyRow.KeyOf(1), bytes, out _, out _));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal(FrameFault.OtherPlace, DataKeyRow.Parse(new RowKey(RowKind.DataKey, new byte[3]), bytes, out _, out _));
        Assert.Equal(FrameFault.None, DataKeyRow.Parse(DataKeyRow.KeyOf(1), bytes, out var number, out _));
        Assert.Equal(1u, number);
    }

    private static async Task CommitRowsAsync(SealedShard shard, params RowChange[] rows) =>
        await shard.Journal.CommitAsync(new JournalCommit { Shard = SealedShard.Id, Fence = shard.Extent.Fence, Rows = rows });

    private static async Task<DataKeys> OpenAsync(IJournal journal, IKeyring keyring, long now) => await DataKeys.OpenAsync(
        journal, keyring, SealedShard.Id, await journal.AcquireAsync(SealedShard.Id), SealedShard.KeyAge, now, Entropy, default);
}

using Kyberium.Engine;

namespace Kyberium.Conformance;

public abstract partial class JournalConformance
{
    [Fact]
    public async Task Rows_come_in_byte_order_of_their_keys()
    {
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        byte[][] keys = [[0x80], [], [0x7f, 0xff], [0x7f], [0xff, 0x00], [0x00], [0xff], [0x00, 0x00]];

        await Journal.CommitAsync(RowsOnly(ShardA, fence, [.. keys.Select(key => Put(RowKind.Outbox, key, [1]))]));

        Assert.Equal(["", "00", "0000", "7F", "7FFF", "80", "FF", "FF00"],
            (await RowsAsync(ShardA, RowKind.Outbox)).Select(row => row.Key));
    }

    [Fact]
    public async Task A_prefix_selects_exactly_the_keys_that_start_with_it()
    {
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        byte[][] keys = [[0x01], [0x01, 0x00], [0x01, 0xff], [0x01, 0xff, 0xff], [0x02], [0xff], [0xff, 0xff], [0x00, 0xff]];
        await Journal.CommitAsync(RowsOnly(ShardA, fence, [.. keys.Select(key => Put(RowKind.Inbox, key, [1]))]));

        Assert.Equal(["01", "0100", "01FF", "01FFFF"], (await RowsAsync(ShardA, RowKind.Inbox, 0x01)).Select(row => row.Key));
        Assert.Equal(["01FF", "01FFFF"], (await RowsAsync(ShardA, RowKind.Inbox, 0x01, 0xff)).Select(row => row.Key));
        Assert.Equal(["FF", "FFFF"], (await RowsAsync(ShardA, RowKind.Inbox, 0xff)).Select(row => row.Key));
        Assert.Equal(["FFFF"], (await RowsAsync(ShardA, RowKind.Inbox, 0xff, 0xff)).Select(row => row.Key));
        Assert.Empty(await RowsAsync(ShardA, RowKind.Inbox, 0x03));
    }

    [Fact]
    public async Task First_rows_are_those_that_an_enumeration_begins_with()
    {
        RowKey[] prefixes =
        [
            new(RowKind.Inbox, new byte[] { 0x01 }), new(RowKind.Inbox, new byte[] { 0x01, 0xff }), new(RowKind.Inbox, new byte[] { 0xff, 0xff }),
            new(RowKind.Outbox, new byte[] { 0x01 }), new(RowKind.Inbox, new byte[] { 0x03 }), new(RowKind.Outbox, default), new(RowKind.Shard, default),
            new(RowKind.Inbox, new byte[] { 0x01 }), new(RowKind.Peer, default),
        ];
        Assert.Equal(new JournalRow?[prefixes.Length], await Journal.ReadFirstRowsAsync(ShardA, prefixes));
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        Assert.Equal(new JournalRow?[prefixes.Length], await Journal.ReadFirstRowsAsync(ShardA, prefixes));
        await Journal.CommitAsync(RowsOnly(
            ShardA, fence,
            Put(RowKind.Inbox, [0x01, 0xff, 0x00], [1]), Put(RowKind.Inbox, [0x01, 0x07], [2]), Put(RowKind.Inbox, [0x02], [3]), Put(RowKind.Inbox, [0xff, 0xff, 0x00], [4]),
            Put(RowKind.Outbox, [0x01], []), Put(RowKind.Shard, [], [6])));

        var rows = await Journal.ReadFirstRowsAsync(ShardA, prefixes);

        Assert.Equal(
            ["0107 02", "01FF00 01", "FFFF00 04", "01 ", null, "01 ", " 06", "0107 02", null],
            rows.Select(row => row is { } read ? $"{Convert.ToHexString(read.Key.Key.Span)} {Convert.ToHexString(read.Value.Span)}" : null));
        Assert.All(rows.Zip(prefixes), pair => Assert.Equal(pair.Second.Kind, pair.First?.Key.Kind ?? pair.Second.Kind));
        Assert.Empty(await Journal.ReadFirstRowsAsync(ShardA, []));
    }

    [Fact]
    public async Task An_enumeration_of_rows_may_rest_while_others_commit_and_then_goes_on()
    {
        const int count = 3_000;
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        await Journal.CommitAsync(RowsOnly(
            ShardA, fence, [.. Enumerable.Range(0, count).Select(i => Put(RowKind.Peer, [(byte)(i >> 8), (byte)i], [1]))]));

        var seen = new List<string>();
        await using (var rows = Journal.ReadRowsAsync(ShardA, RowKind.Peer, default).GetAsyncEnumerator())
        {
            Assert.True(await rows.MoveNextAsync());
            do
            {
                var key = rows.Current.Key.Key.ToArray();
                seen.Add(Convert.ToHexString(key));
                if (seen.Count % 500 == 1)
                {
                    // Replaced behind and ahead, in commits that complete while the enumeration rests.
                    await Journal.CommitAsync(RowsOnly(ShardA, fence, Put(RowKind.Peer, key, [2]), Put(RowKind.Peer, [11, 0xb7], [2])));
                    await Journal.CommitAsync(RowsOnly(ShardA, fence, Put(RowKind.Outbox, key, [2])));
                }
            }
            while (await rows.MoveNextAsync());
        }

        Assert.Equal(Enumerable.Range(0, count).Select(i => Convert.ToHexString([(byte)(i >> 8), (byte)i])), seen);
    }

    [Fact]
    public async Task Kinds_and_shards_do_not_share_rows()
    {
        var a = (await Journal.AcquireAsync(ShardA)).Fence;
        var b = (await Journal.AcquireAsync(ShardB)).Fence;
        await Journal.CommitAsync(RowsOnly(ShardA, a, Put(RowKind.Peer, [1], [0xa1]), Put(RowKind.PeerKey, [1], [0xa2])));
        await Journal.CommitAsync(RowsOnly(ShardB, b, Put(RowKind.Peer, [1], [0xb1])));

        Assert.Equal([("01", "A1")], await RowsAsync(ShardA, RowKind.Peer));
        Assert.Equal([("01", "A2")], await RowsAsync(ShardA, RowKind.PeerKey));
        Assert.Equal([("01", "B1")], await RowsAsync(ShardB, RowKind.Peer));
    }

    [Fact]
    public async Task Rows_are_replaced_and_deleted()
    {
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        await Journal.CommitAsync(RowsOnly(ShardA, fence, Put(RowKind.Peer, [1], [1]), Put(RowKind.Peer, [2], [2])));

        await Journal.CommitAsync(RowsOnly(
            ShardA, fence, Put(RowKind.Peer, [1], [9, 9]), Delete(RowKind.Peer, [2]), Delete(RowKind.Peer, [3])));

        Assert.Equal([("01", "0909")], await RowsAsync(ShardA, RowKind.Peer));
        Assert.Null(await RowAsync(ShardA, RowKind.Peer, [2]));
    }

    [Fact]
    public async Task Changes_of_one_row_within_a_commit_apply_in_order()
    {
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;

        await Journal.CommitAsync(RowsOnly(
            ShardA, fence,
            Put(RowKind.Peer, [1], [1]), Put(RowKind.Peer, [1], [2]),
            Put(RowKind.Peer, [2], [1]), Delete(RowKind.Peer, [2]),
            Delete(RowKind.Peer, [3]), Put(RowKind.Peer, [3], [3])));

        Assert.Equal([("01", "02"), ("03", "03")], await RowsAsync(ShardA, RowKind.Peer));
    }

    [Fact]
    public async Task Keys_of_64_bytes_are_kept()
    {
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        var key = Enumerable.Range(0, 64).Select(i => (byte)(i * 4)).ToArray();

        await Journal.CommitAsync(RowsOnly(ShardA, fence, Put(RowKind.Directory, key, [1])));

        Assert.Equal("01", await RowAsync(ShardA, RowKind.Directory, key));
        Assert.Equal([(Convert.ToHexString(key), "01")], await RowsAsync(ShardA, RowKind.Directory, key));
    }

    [Fact]
    public async Task Ten_thousand_rows_are_read_completely()
    {
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        await Journal.CommitAsync(RowsOnly(ShardA, fence, [.. Enumerable.Range(0, 10_000)
            .Select(i => Put(RowKind.Incarnation, [(byte)(i >> 8), (byte)i], RecordBytes(i, 200)))]));

        var rows = await RowsAsync(ShardA, RowKind.Incarnation);

        Assert.Equal(Enumerable.Range(0, 10_000).Select(i => i.ToString("X4", null)), rows.Select(row => row.Key));
        Assert.Equal(Convert.ToHexString(RecordBytes(9_999, 200)), rows[^1].Value);
    }
}

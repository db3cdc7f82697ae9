using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Tests.Journal;

public sealed class JournalVerifierTests
{
    [Theory, InlineData(true), InlineData(false)]
    public async Task A_sound_journal_has_no_findings(bool withKeys)
    {
        await using var shard = await FilledAsync();

        var report = await VerifyAsync(shard, withKeys);

        Assert.True(report.IsSound, string.Join("; ", report.Findings));
        Assert.Equal(5, report.RecordCount);
        Assert.Equal(2, report.RowCount);   // the data key and one peer
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_damaged_record_and_row_are_named(bool withKeys)
    {
        await using var shard = await FilledAsync();
        var damagedRow = shard.SealRow(RowKind.Inbox, 9, "row").Value!.Value.ToArray();
        damagedRow[^30] ^= 1;
        var damagedRecord = shard.Sealer.SealRecord(new LogPosition(6), "six"u8, 1);
        damagedRecord[100] ^= 1;
        await shard.Journal.CommitAsync(new JournalCommit
        {
            Shard = SealedShard.Id,
            Fence = shard.Extent.Fence,
            Position = new LogPosition(6),
            Record = damagedRecord,
            Rows = [new RowChange(new RowKey(RowKind.Inbox, new byte[] { 9 }), damagedRow)],
        });

        var report = await VerifyAsync(shard, withKeys);

        Assert.Equal(
            ["shard default/7, record 6: its checksum does not match", "shard default/7, row Inbox:09: its checksum does not match"],
            report.Findings.Select(finding => finding.ToString()));
    }

    [Fact]
    public async Task A_forged_row_is_found_with_keys_only()
    {
        await using var shard = await FilledAsync();
        var forged = shard.SealRow(RowKind.Inbox, 9, "row").Value!.Value.ToArray();
        forged[^(4 + 16 + 1)] ^= 1;
        StoreFrameTests.Reseal(forged);
        await shard.Journal.CommitAsync(new JournalCommit
        {
            Shard = SealedShard.Id,
            Fence = shard.Extent.Fence,
            Rows = [new RowChange(new RowKey(RowKind.Inbox, new byte[] { 9 }), forged)],
        });

        Assert.True((await VerifyAsync(shard, withKeys: false)).IsSound);
        Assert.Equal(FrameFault.NotAuthentic, (await VerifyAsync(shard, withKeys: true)).Findings.Single().Fault);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_record_that_breaks_the_chain_is_found_with_and_without_keys(bool withKeys)
    {
        await using var shard = await FilledAsync();
        using var stranger = new ShardSealer(
            SealedShard.StoreId, SealedShard.Id, shard.Extent with { End = new LogPosition(5) }, shard.Keys.Current, new byte[32], new byte[16]);
        await shard.Journal.CommitAsync(new JournalCommit
        {
            Shard = SealedShard.Id,
            Fence = shard.Extent.Fence,
            Position = new LogPosition(6),
            Record = stranger.SealRecord(new LogPosition(6), "six"u8, 1),
        });

        var finding = (await VerifyAsync(shard, withKeys)).Findings.Single();
        Assert.Equal((new LogPosition(6), FrameFault.ChainBroken), (finding.Position!.Value, finding.Fault));
    }

    [Fact]
    public void Every_fault_has_words() =>
        Assert.All(Enum.GetValues<FrameFault>(), fault => Assert.NotEmpty(fault.Explain()));

    private static async Task<SealedShard> FilledAsync()
    {
        var shard = await SealedShard.StartAsync();
        for (var i = 1; i <= 5; i++)
        {
            await shard.AppendAsync($"record {i}", shard.SealRow(RowKind.Peer, 1, $"row {i}"));
        }

        return shard;
    }

    private static async Task<JournalReport> VerifyAsync(SealedShard shard, bool withKeys) =>
        await new JournalVerifier(shard.Journal, withKeys ? new TestKeyring(1) : null).VerifyAsync(default);
}

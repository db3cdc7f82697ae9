using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Shards;

namespace Kyberium.Engine.Tests.Journal;

public sealed class StoreProviderTests
{
    private static IEnumerable<AeadProvider> All => [AeadProvider.Platform, .. AeadProvider.IntrinsicWidths];

    [Fact]
    public async Task Records_and_rows_are_the_same_bytes_with_every_provider()
    {
        foreach (var provider in All)
        {
            await SealsAsThePlatformAsync(provider);
        }
    }

    [Fact]
    public void A_peers_entry_sealed_by_one_provider_is_opened_by_another_and_only_whole()
    {
        foreach (var provider in All)
        {
            OpensAtThePlatform(provider);
        }
    }

    private static async Task SealsAsThePlatformAsync(AeadProvider provider)
    {
        await using var shard = await SealedShard.StartAsync();
        using var ours = Sealer(shard, provider);
        using var platforms = Sealer(shard, AeadProvider.Platform);
        var plaintext = new byte[777];
        for (var position = 1; position <= 3; position++)
        {
            Assert.Equal(
                platforms.SealRecord(new LogPosition(position), plaintext.AsSpan(position), SealedShard.Now),
                ours.SealRecord(new LogPosition(position), plaintext.AsSpan(position), SealedShard.Now));
        }

        var key = new RowKey(RowKind.Peer, new byte[16]);
        var row = ours.SealRow(key, plaintext, SealedShard.Now);
        Assert.Equal(platforms.SealRow(key, plaintext, SealedShard.Now), row);
        using var opener = new ShardOpener(shard.Journal.StoreId, SealedShard.Id, shard.Extent, shard.Keys, provider);
        Assert.Equal(plaintext, (await opener.OpenRowAsync(new JournalRow(key, row), default)).ToArray());
        row[^20] ^= 1;
        Assert.NotEqual(FrameFault.None, (await opener.TryOpenRowAsync(new JournalRow(key, row), default)).Fault);
    }

    private static void OpensAtThePlatform(AeadProvider provider)
    {
        using var ours = Vault(provider);
        using var platforms = Vault(AeadProvider.Platform);
        var plaintext = new byte[300];
        plaintext.AsSpan().Fill(9);
        var sealedBytes = new byte[plaintext.Length + PeerVault.TagSize];
        ours.Seal(5, 6, plaintext, sealedBytes, [1, 2]);
        ours.Rest();
        var opened = new byte[plaintext.Length];
        Assert.True(platforms.TryOpen(5, 6, sealedBytes, opened, [1, 2]));
        Assert.Equal(plaintext, opened);
        Assert.True(ours.TryOpen(5, 6, sealedBytes, opened, [1, 2]));
        sealedBytes[17] ^= 1;
        Assert.False(ours.TryOpen(5, 6, sealedBytes, opened, [1, 2]));
        Assert.Equal(new byte[plaintext.Length], opened);
    }

    private static PeerVault Vault(AeadProvider provider)
    {
        var key = new byte[PeerVault.KeySize];
        key.AsSpan().Fill(3);
        return new PeerVault(SecretBytes.CopyOf(key), provider);
    }

    private static ShardSealer Sealer(SealedShard shard, AeadProvider provider) => new(
        shard.Journal.StoreId, SealedShard.Id, shard.Extent, shard.Keys.Current, new byte[32], new byte[16], provider);
}

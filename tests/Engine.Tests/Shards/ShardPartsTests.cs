using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Tests.Sessions.Storage;
using Kyberium.Engine.Tests.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>The small parts of a shard, each by itself.</summary>
public sealed class ShardPartsTests
{
    private static readonly int[] ShardCounts = [1, 4, 16, 1_000];
    private static readonly PeerKey Peer = new(new IdentityName("alice"), new PeerId("bob"));

    [Fact]
    public void Two_hundred_and_fifty_six_removals_are_remembered_and_the_oldest_gives_way()
    {
        var recent = new RecentOperations();
        for (var i = 1; i <= 257; i++)
        {
            recent.Add(Peer, Operation(i));
            Assert.Equal(i <= 256, recent.Contains(Peer, Operation(1)));
        }

        Assert.All(Enumerable.Range(2, 256), i => Assert.True(recent.Contains(Peer, Operation(i))));
        Assert.False(recent.Contains(new PeerKey(Peer.Identity, new PeerId("carol")), Operation(200)));
    }

    [Fact]
    public void A_repeat_takes_no_place_of_its_own()
    {
        var recent = new RecentOperations();
        for (var i = 1; i <= 256; i++)
        {
            recent.Add(Peer, Operation(i));
            recent.Add(Peer, Operation(1));
        }

        Assert.True(recent.Contains(Peer, Operation(1)));
    }

    [Fact]
    public void A_removal_without_an_id_is_not_remembered()
    {
        var recent = new RecentOperations();
        recent.Add(Peer, Guid.Empty);
        Assert.False(recent.Contains(Peer, Guid.Empty));
    }

    [Fact]
    public void Ids_are_all_that_was_drawn_and_nothing_else()
    {
        var entropy = new CountingEntropy();
        var ids = new OperationIds(entropy);
        var given = Enumerable.Range(0, 64).Select(_ => ids.Next()).ToHashSet();
        Assert.Equal(1, entropy.Draws);
        Assert.Equal(64, given.Count);
        given.Add(ids.Next());
        Assert.Equal((2, 65), (entropy.Draws, given.Count));
    }

    // Computed by hand from docs/formats/events.md, section 3: sha256sum of "kyb1 row", sixteen bytes 00 … 0f, "alice", 0, "bob".
    [Fact]
    public void A_peers_rows_lie_under_the_documented_hash()
    {
        var hash = PeerHash.Of(Enumerable.Range(0, 16).Select(value => (byte)value).ToArray(), Peer);
        Assert.Equal("313e196215556916f3ba70e79fa9be72", Convert.ToHexStringLower(hash.Row(RowKind.Peer).Key.Span));
        Assert.Equal("313e196215556916f3ba70e79fa9be720102030405060708", Convert.ToHexStringLower(hash.Row(RowKind.Outbox, 0x0102030405060708).Key.Span));
        Assert.Equal((RowKind.Windows, RowKind.Inbox), (hash.Row(RowKind.Windows).Kind, hash.Row(RowKind.Inbox, 1).Kind));
    }

    [Fact]
    public void The_longest_names_have_a_hash_and_a_shard()
    {
        var longest = new PeerKey(new IdentityName(new string('a', PeerId.LengthMax)), new PeerId(new string('b', PeerId.LengthMax)));
        var shorter = new PeerKey(longest.Identity, new PeerId(new string('b', PeerId.LengthMax - 1)));
        Assert.NotEqual(PeerHash.Of(new byte[16], shorter), PeerHash.Of(new byte[16], longest));
        Assert.InRange(ShardNumber.Of(longest, 7), 0, 6);
    }

    // Fixed for the life of a store: first 8 bytes of SHA-256("alicebob") modulo the count of shards.
    [Fact]
    public void A_peers_shard_is_the_documented_one() =>
        Assert.Equal([0, 3, 7, 519], ShardCounts.Select(count => ShardNumber.Of(Peer, count)));

    [Fact]
    public void What_one_salt_counter_or_name_sealed_opens_under_the_same_only()
    {
        using var vault = new PeerVault(SecretBytes.CopyOf(new byte[PeerVault.KeySize]), AeadProvider.Platform);
        var (sealedBytes, opened) = (new byte[3 + PeerVault.TagSize], new byte[3]);
        vault.Seal(1, 7, [1, 2, 3], sealedBytes, [9]);

        Assert.False(vault.TryOpen(2, 7, sealedBytes, opened, [9]));
        Assert.False(vault.TryOpen(1, 8, sealedBytes, opened, [9]));
        Assert.False(vault.TryOpen(1, 7, sealedBytes, opened, [8]));
        vault.Rest();
        Assert.True(vault.TryOpen(1, 7, sealedBytes, opened, [9]));
        Assert.Equal([1, 2, 3], opened);
        using var other = new PeerVault(SecretBytes.CopyOf([1, .. new byte[PeerVault.KeySize - 1]]), AeadProvider.Platform);
        Assert.False(other.TryOpen(1, 7, sealedBytes, opened, [9]));
    }

    [Fact]
    public void A_disposed_vault_has_erased_its_key()
    {
        var key = SecretBytes.CopyOf(new byte[PeerVault.KeySize]);
        new PeerVault(key, AeadProvider.Platform).Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Reveal().Length);
    }

    [Fact]
    public void Records_that_only_go_out_are_noticed_after_a_quarter_of_an_hour_and_one_that_comes_in_begins_the_time_anew()
    {
        using var traffic = Traffic(StoredSamples.FirstEpoch());
        traffic.IsWatched = true;
        Assert.Equal([false, false, false, true, true], Looks(traffic, 0, 300, 600, 900, 901));
        traffic.Heard();
        Assert.False(traffic.IsUnheard(At(1_000)));         // nothing went out since
        Assert.Equal([false, false, false, false, true], Looks(traffic, 1_100, 1_400, 1_700, 2_000, 2_300));
        Assert.Equal([false, false, false], Looks(traffic, 3_201, 3_500, 4_100));      // a pause of more than a quarter of an hour
        Assert.True(Assert.Single(Looks(traffic, 4_101)));
        Assert.Equal([false, false, true], Looks(traffic, 50, 949, 950));              // a clock that went back
    }

    [Fact]
    public void What_was_seen_of_records_that_only_go_out_is_gone_on_from_in_another_stay()
    {
        var epoch = StoredSamples.FirstEpoch();
        epoch.Counts = new EpochCounts(7, 700, 0);
        using (var before = Traffic(epoch))
        {
            before.IsWatched = true;
            Assert.False(before.IsUnheard(At(0)));          // what went out before it was loaded was looked at then
            Assert.Equal([false, false], Looks(before, 10, 400));
            (epoch.Counts, epoch.Unheard) = (before.Counts(), before.Unheard);
        }

        var loaded = StoredSamples.FirstEpoch();
        (loaded.Counts, loaded.Unheard) = (epoch.Counts, epoch.Unheard);
        using var after = Traffic(loaded);
        after.IsWatched = true;
        Assert.Equal([false, true], Looks(after, 909, 910));
        after.Heard();
        Assert.Equal(default, after.Unheard);
    }

    private static EpochTraffic Traffic(EpochState epoch) => (EpochTraffic)StoredSamples.Windowed(epoch).State.Sessions[0].Current.Traffic!;

    private static UnixMillis At(long seconds) => new(StoredSamples.Wall.Value + (seconds * 1_000));

    private static List<bool> Looks(EpochTraffic traffic, params long[] seconds) => seconds.Select(at =>
    {
        Assert.Equal(SealOutcome.Sealed, traffic.Sending.TrySeal(EnvelopeType.Data, default, default, new byte[100], out _));
        return traffic.IsUnheard(At(at));
    }).ToList();

    [Fact]
    public void A_vault_derives_one_cipher_for_a_salt_and_destroys_the_one_before()
    {
        var aead = new CountedAead();
        var vault = new PeerVault(SecretBytes.CopyOf(new byte[PeerVault.KeySize]), aead);
        var sealedBytes = new byte[3 + PeerVault.TagSize];
        vault.Seal(1, 7, [1, 2, 3], sealedBytes, []);
        vault.Seal(1, 8, [1, 2, 3], sealedBytes, []);
        Assert.Equal((1, 1), (aead.Made, aead.Alive));
        vault.Seal(2, 9, [1, 2, 3], sealedBytes, []);
        Assert.Equal((2, 1), (aead.Made, aead.Alive));
        vault.Rest();
        Assert.Equal(0, aead.Alive);
        vault.Seal(2, 10, [1, 2, 3], sealedBytes, []);
        vault.Dispose();
        Assert.Equal((3, 0), (aead.Made, aead.Alive));
    }

    [Fact]
    public void A_peers_entry_holds_its_own_facts_and_none_of_another_peer()
    {
        using PeerVault alice = Vault(1), bob = Vault(2);
        var (writer, scratch, position) = (new StateWriter(), new StateWriter(), new LogPosition(9));
        writer.Byte(99);        // what another record left
        scratch.Byte(99);
        BatchRecord.Begin(writer, 5);
        BatchRecord.AddPeer(writer, scratch, new PeerHash(1), alice, 5, 0, position, [new PeerEvent.Suspended(), new PeerEvent.Acknowledged(7)]);
        Assert.Equal(0, scratch.Length);        // nothing of it stays in the clear
        BatchRecord.AddPeer(writer, scratch, new PeerHash(2), bob, 5, 1, position, [new PeerEvent.Acknowledged(8)]);
        BatchRecord.AddPeer(writer, scratch, new PeerHash(2), bob, 5, 2, position, []);

        var reader = new StateReader(writer.Written.ToArray());
        Assert.Equal(BatchRecord.Version, reader.Byte());
        Assert.Equal((UInt128)5, reader.UInt128());
        var entries = new[] { BatchRecord.ReadEntry(ref reader), BatchRecord.ReadEntry(ref reader), BatchRecord.ReadEntry(ref reader) };
        Assert.True(reader.IsAtEnd);
        Assert.Equal([new PeerEvent.Suspended(), new PeerEvent.Acknowledged(7)], Open(entries[0], alice, 5, position)!);
        Assert.Equal([new PeerEvent.Acknowledged(8)], Open(entries[1], bob, 5, position)!);
        Assert.Empty(Open(entries[2], bob, 5, position)!);
        Assert.Null(Open(entries[0], bob, 5, position));
        Assert.Null(Open(entries[0], alice, 6, position));
        Assert.Null(Open(entries[0], alice, 5, new LogPosition(8)));
        Assert.Null(Open(entries[0] with { Hash = new PeerHash(3) }, alice, 5, position));
        Assert.Null(Open(entries[0] with { Bytes = entries[0].Bytes[..15] }, alice, 5, position));

        static List<PeerEvent>? Open(BatchRecord.Entry entry, PeerVault vault, UInt128 salt, LogPosition position)
        {
            byte[] scratch = [];
            List<PeerEvent> facts = [];
            var isOpen = BatchRecord.TryOpen(entry, vault, salt, position, ref scratch, facts);
            Assert.All(scratch, value => Assert.Equal(0, value));       // nothing of it stays behind
            return isOpen ? facts : null;
        }
    }

    [Fact]
    public void An_entry_of_another_kind_is_named()
    {
        var failure = Assert.Throws<StateFormatException>(() =>
        {
            var reader = new StateReader(new byte[] { 3 });
            BatchRecord.ReadEntry(ref reader);
        });
        Assert.Contains("3", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shard_row_of_another_version_is_refused_by_its_number()
    {
        var failure = Assert.Throws<StateFormatException>(() => ShardRow.Read(new byte[] { 77 }));
        Assert.Contains("77", failure.Message, StringComparison.Ordinal);
    }

    private static PeerVault Vault(byte key) => new(SecretBytes.CopyOf([key, .. new byte[PeerVault.KeySize - 1]]), AeadProvider.Platform);

    private static Guid Operation(int value) => new(value, 0, 0, new byte[8]);

    private sealed class CountingEntropy : IEntropySource
    {
        private byte _next = 1;

        internal int Draws { get; private set; }

        public void Fill(Span<byte> destination)
        {
            Draws++;
            for (var i = 0; i < destination.Length; i += 16)
            {
                destination[i] = _next++;
            }
        }
    }
}

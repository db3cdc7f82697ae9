namespace Kyberium.Engine.Tests.Engine;

/// <summary>Public documents in rows of their own. Goal: a handshake finds what an idle peer does not keep in memory, a document's row lives exactly as
/// long as its pin, and one that is damaged harms handshakes only. Method: what is in the store is counted, read back, and damaged.</summary>
public sealed class DocumentRowTests
{
    private static readonly ShardId Shard = new(ShardId.DefaultGroup, 0);

    [Fact]
    public async Task A_checkpoint_writes_the_document_once_and_the_next_session_is_made_from_its_row()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _a = alice;
        await using var _b = bob;
        var written = 0;
        alice.Journal.Before = commit =>
        {
            Interlocked.Add(ref written, commit.Rows.Count(row => row.Key.Kind == RowKind.Document));
            return Task.CompletedTask;
        };
        await alice.Engine.CheckpointAsync(Party.Timely);
        await alice.Engine.SetAddressesAsync(bob.Id, [bob.Address]);
        await alice.Engine.CheckpointAsync(Party.Timely);

        Assert.Equal(1, written);
        var reads = 0;
        alice.Journal.OnRow = (_, row) =>
        {
            Interlocked.Add(ref reads, row.Key.Kind == RowKind.Document ? 1 : 0);
            return row;
        };
        await alice.ConnectAsync(bob);
        Assert.Equal(1, reads);
        Assert.Equal("after", await bob.OpenAsync(await alice.SealAsync(bob, "after")));
        await StartOverAsync(bob, alice);
        await StartOverAsync(alice, bob);
        Assert.Equal(1, reads);     // what was parsed of late is at hand
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Both_sides_of_a_handshake_find_the_document_after_a_restart(bool startsOver)
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _a = alice;
        await using var _b = bob;
        await alice.RestartAsync();
        await bob.RestartAsync();

        await (startsOver ? bob.ConnectAsync(alice) : alice.ConnectAsync(bob));
        Assert.Equal("there", await bob.OpenAsync(await alice.SealAsync(bob, "there")));
        Assert.Equal("back", await alice.OpenAsync(await bob.SealAsync(alice, "back")));
    }

    [Fact]
    public async Task A_document_that_was_pinned_after_the_last_checkpoint_is_recovered_from_the_log()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _b = bob;
        var crashed = alice.Engine;
        alice.Crash();
        Assert.Empty(await DocumentsAsync(alice));
        await alice.StartAsync();
        await using var _a = alice;

        await alice.ConnectAsync(bob);
        Assert.Equal("after", await bob.OpenAsync(await alice.SealAsync(bob, "after")));
        await alice.Engine.CheckpointAsync(Party.Timely);
        Assert.Single(await DocumentsAsync(alice));
        await crashed.DisposeAsync();
    }

    [Fact]
    public async Task The_row_of_a_document_goes_with_its_pin()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        var older = bob.Document();
        var rotated = await bob.Engine.RotateIdentityAsync(IdentityName.Default);
        await alice.Engine.AddPinAsync(bob.Id, rotated.PublicDocument);
        await alice.Engine.CheckpointAsync(Party.Timely);
        Assert.Equal(2, (await DocumentsAsync(alice)).Count);

        await alice.RestartAsync();
        await StartOverAsync(bob, alice);
        await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).Pins is [var only] && only == rotated.Fingerprint);
        await alice.Engine.AddPinAsync(bob.Id, older);      // given up and back before any snapshot: a row to delete and to write
        await alice.Engine.CheckpointAsync(Party.Timely);
        Assert.Equal(2, (await DocumentsAsync(alice)).Count);

        await alice.RestartAsync();
        await bob.Engine.FinishIdentityRotationAsync(IdentityName.Default);
        await StartOverAsync(bob, alice);
        Assert.Equal("after", await alice.OpenAsync(await bob.SealAsync(alice, "after")));
    }

    [Fact]
    public async Task A_removed_peers_document_is_free_for_another_name_although_it_lay_in_the_store_only()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _a = alice;
        await using var _b = bob;
        await alice.RestartAsync();
        var taken = new NewPeer { Peer = new PeerId("robert"), PublicDocument = bob.Document(), Addresses = [bob.Address] };
        Assert.Equal(EngineErrorCode.PeerExists, await Party.CodeOfAsync(() => alice.Engine.AddPeerAsync(taken)));

        await alice.Engine.RemovePeerAsync(bob.Id);
        Assert.Empty(await DocumentsAsync(alice));
        await alice.Engine.AddPeerAsync(taken);
        await alice.Engine.ConnectAsync(taken.Peer, cancellationToken: Party.Timely);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_damaged_document_fails_handshakes_and_nothing_else(bool isDamaged)
    {
        var logged = new LoggedEvents();
        var (alice, bob) = await Party.PairAsync(options =>
        {
            options.Shard.Count = 1;
            options.Handshake.Timeout = TimeSpan.FromSeconds(1);
        });
        await using var _a = alice;
        await using var _b = bob;
        await Party.UntilAsync(() => ConnectedAsync(alice, bob));      // a second is little on a busy machine
        alice.Loggers = logged;
        await alice.RestartAsync();
        alice.Journal.OnRow = (_, row) => isDamaged && row.Key.Kind == RowKind.Document ? row with { Value = Flipped(row.Value) } : row;

        Assert.Equal("volatile", await bob.OpenAsync(await alice.SealAsync(bob, "volatile")));
        await alice.SendAsync(bob, "durable");
        Assert.Equal(["durable"], await bob.ReceiveAsync(1));
        await alice.Engine.CloseAsync(bob.Id);
        if (isDamaged)
        {
            await Assert.ThrowsAsync<EngineException>(() => alice.ConnectAsync(bob));
            Assert.NotEqual(0, logged.All.Count(entry => entry.Id == 1013));
            Assert.Single((await alice.PeerAsync(bob)).Pins);
            isDamaged = false;
        }

        await Party.UntilAsync(async () => await ConnectedAsync(alice, bob));
        Assert.Equal("again", await bob.OpenAsync(await alice.SealAsync(bob, "again")));
    }

    private static async Task StartOverAsync(Party party, Party other)
    {
        await party.Engine.CloseAsync(other.Id);
        await Party.UntilAsync(async () => (await other.PeerAsync(party)).Session.Length == 0);
        await party.ConnectAsync(other);
    }

    private static async Task<bool> ConnectedAsync(Party party, Party other)
    {
        try
        {
            await party.ConnectAsync(other);
            return true;
        }
        catch (EngineException again) when (again.IsTransient || again.Code == EngineErrorCode.HandshakeTimedOut)
        {
            return false;
        }
    }

    private static ReadOnlyMemory<byte> Flipped(ReadOnlyMemory<byte> bytes)
    {
        var damaged = bytes.ToArray();
        damaged[^30] ^= 1;
        return damaged;
    }

    private static async Task<List<JournalRow>> DocumentsAsync(Party party) =>
        await party.Store.ReadRowsAsync(Shard, RowKind.Document, default).ToListAsync();
}

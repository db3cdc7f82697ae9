using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>
/// Goal: data keys rotate by age and die when nothing is under them. Method: an engine whose wall clock is moved; the frames in its store
/// say which key each stands under, and a restart shows that every peer is still read.
/// </summary>
public sealed class DataKeyTests
{
    private const int PeerCount = 40;
    private static readonly TimeSpan Age = TimeSpan.FromHours(2);

    [Fact]
    public async Task The_option_decides_when_a_key_is_replaced()
    {
        var time = new MovedTime();
        await using var hub = await HubAsync(time);
        await hub.Engine.CheckpointAsync(Party.Timely);
        time.Move(Age - TimeSpan.FromMinutes(5));
        await hub.Engine.CheckpointAsync(Party.Timely);
        Assert.Equal([1u], await KeysAsync(hub));

        time.Move(TimeSpan.FromMinutes(5));
        await hub.Engine.CheckpointAsync(Party.Timely);
        Assert.Equal(2u, (await KeysAsync(hub))[^1]);
    }

    [Fact]
    public async Task After_a_rotation_every_row_is_sealed_anew_and_the_old_key_dies()
    {
        var time = new MovedTime();
        await using var hub = await HubAsync(time);
        await hub.Engine.CheckpointAsync(Party.Timely);
        Assert.Equal([1u], (await FramesAsync(hub)).Distinct());
        Assert.True((await FramesAsync(hub)).Count > 2 * PeerCount);

        time.Move(Age);
        await hub.Engine.CheckpointAsync(Party.Timely);
        await OldKeysDieAsync(hub);

        Assert.Equal([2u], (await FramesAsync(hub)).Distinct());
        Assert.Equal(0, hub.Engine.RowsUnderOldKeys);
        await HasEveryPeerAsync(hub);
        await hub.RestartAsync();
        await HasEveryPeerAsync(hub);
    }

    [Fact]
    public async Task What_the_shard_writes_while_rows_are_sealed_anew_is_not_undone()
    {
        var time = new MovedTime();
        await using var hub = await HubAsync(time);
        await hub.Engine.CheckpointAsync(Party.Timely);
        time.Move(Age);
        for (var round = 0; round < 5; round++)
        {
            await hub.Engine.CheckpointAsync(Party.Timely);
            for (var i = 0; i < PeerCount; i++)
            {
                await hub.Engine.SetAddressesAsync(Peer(i), [$"memory://round-{round}"], cancellationToken: Party.Timely);
            }
        }

        await hub.Engine.CheckpointAsync(Party.Timely);
        await OldKeysDieAsync(hub);
        await hub.RestartAsync();
        for (var i = 0; i < PeerCount; i++)
        {
            var info = await hub.Engine.GetPeerAsync(Peer(i), cancellationToken: Party.Timely);
            Assert.Equal(["memory://round-4"], info.Addresses);
        }
    }

    [Fact]
    public async Task A_crash_before_or_after_any_commit_of_it_loses_nothing_and_the_old_key_dies_all_the_same()
    {
        var crashes = 0;
        foreach (var isWritten in new[] { false, true })
        {
            for (var cut = 1; ; cut++)
            {
                var time = new MovedTime();
                await using var hub = await HubAsync(time);
                await hub.Engine.CheckpointAsync(Party.Timely);
                time.Move(Age);
                if (!await CrashAtAsync(hub, cut, isWritten))
                {
                    Assert.Equal([2u], await KeysAsync(hub));
                    break;
                }

                crashes++;
                hub.Reopen();
                await hub.StartAsync();
                await HasEveryPeerAsync(hub);
                await OldKeysDieAsync(hub);
                Assert.DoesNotContain(1u, await FramesAsync(hub));
                await hub.RestartAsync();
                await HasEveryPeerAsync(hub);
            }
        }

        Assert.True(crashes >= 8, $"only {crashes} crashes: the rotation, some batches of rows and the old key's end are a commit each");
    }

    /// <summary>Runs a rotation until the old key is dead, or the store is taken away at the given commit of the shard.</summary>
    /// <returns>Whether it was taken away.</returns>
    private static async Task<bool> CrashAtAsync(Party hub, int cut, bool isWritten)
    {
        var commits = 0;
        var store = hub.Store;
        Func<JournalCommit, Task> crash = commit =>
        {
            if (commit.Shard != ShardId.Directory && Interlocked.Increment(ref commits) >= cut)
            {
                hub.Store = store.Reopen();     // from here on nothing of the engine reaches the store
                throw new IOException("crashed");
            }

            return Task.CompletedTask;
        };
        hub.Journal.Before = isWritten ? null : crash;
        hub.Journal.After = isWritten ? crash : null;
        try
        {
            await hub.Engine.CheckpointAsync(Party.Timely);
            await OldKeysDieAsync(hub, () => Volatile.Read(ref commits) >= cut);
            return Volatile.Read(ref commits) >= cut;
        }
        catch (Exception failure) when (failure is EngineException or ObjectDisposedException or IOException
            && Volatile.Read(ref commits) >= cut)
        {
            return true;
        }
    }

    private static Task OldKeysDieAsync(Party hub, Func<bool>? isOver = null) => Party.UntilAsync(async () =>
    {
        if (isOver?.Invoke() == true)
        {
            return true;
        }

        await hub.Engine.CheckpointAsync(Party.Timely);
        return (await KeysAsync(hub)).Count == 1 && hub.Engine.RowsUnderOldKeys == 0;
    });

    private static async Task<List<uint>> KeysAsync(Party hub)
    {
        var numbers = new List<uint>();
        await foreach (var row in hub.Store.ReadRowsAsync(Shard, RowKind.DataKey, default))
        {
            Assert.Equal(FrameFault.None, DataKeyRow.Parse(row.Key, row.Value, out var number, out _));
            numbers.Add(number);
        }

        return numbers;
    }

    private static async Task<List<uint>> FramesAsync(Party hub) =>
        await SealedRows.ReadAsync(hub.Store, Shard, default).Select(row => row.DataKeyNumber).ToListAsync();

    private static async Task HasEveryPeerAsync(Party hub)
    {
        for (var i = 0; i < PeerCount; i++)
        {
            await hub.Engine.GetPeerAsync(Peer(i), cancellationToken: Party.Timely);
        }
    }

    private static ShardId Shard => new(ShardId.DefaultGroup, 0);

    private static PeerId Peer(int number) => new($"peer-{number}");

    /// <summary>One shard, few places in memory, and as few rows per checkpoint as may be: most of a sweep meets passivated peers.</summary>
    private static async Task<Party> HubAsync(TimeProvider time)
    {
        var network = new InMemoryNetwork();
        var hub = new Party("hub", network, options =>
        {
            options.Shard.Count = 1;
            options.Residency.ResidentPeersMax = 8;
            options.Journal.DataKeyAge = Age;
            options.Journal.ResealRowsMax = 64;
        }, time);
        await hub.StartAsync();
        await hub.Engine.CreateIdentityAsync(IdentityName.Default);
        await using var others = new Party("others", network);
        await others.StartAsync();
        for (var i = 0; i < PeerCount; i++)
        {
            var identity = await others.Engine.CreateIdentityAsync(new IdentityName($"peer-{i}"));
            await hub.Engine.AddPeerAsync(new NewPeer { Peer = Peer(i), PublicDocument = identity.PublicDocument, Addresses = [] });
        }

        return hub;
    }
}

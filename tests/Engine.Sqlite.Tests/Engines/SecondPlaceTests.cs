using System.Collections.Concurrent;

namespace Kyberium.Engine.Sqlite.Tests.Engines;

/// <summary>Goal: an older copy of the store is noticed also where the keyring is as old, and once it was gone on from on purpose, no place that remembers more
/// holds it up, while copies from before are refused.</summary>
public sealed class SecondPlaceTests
{
    [Fact]
    public async Task A_copy_that_was_restored_with_its_keyring_is_refused_by_what_a_second_place_remembers()
    {
        var place = new Place();
        await using var node = await NewAsync(place);
        var (store, keyring) = await CopyAsync(node, "backup");
        await node.StartAsync();
        await node.StopAsync();
        (node.DataDirectory, node.KeyringPath) = (store, keyring);

        var failure = await Node.FailsAsync(EngineErrorCode.StoreRolledBack, () => node.StartAsync());
        Assert.Contains("a Lighthouse", failure.Message, StringComparison.Ordinal);
        node.Witness = null;
        await node.StartAsync();        // nothing else would have told
    }

    [Fact]
    public async Task A_second_place_that_is_empty_or_behind_refuses_nothing()
    {
        var place = new Place();
        await using var node = await NewAsync(place);
        await node.StopAsync();
        var early = new Place(place);
        await node.StartAsync();
        await node.StopAsync();
        foreach (var behind in new[] { new Place(), early })
        {
            node.Witness = behind;
            await node.StartAsync();
            await node.StopAsync();
            Assert.Equal(2, behind.Remembered.Count);       // of each shard, after a clean stop
        }
    }

    [Fact]
    public async Task Going_on_from_an_older_copy_frees_it_for_every_keyring_and_place_and_refuses_copies_from_before()
    {
        var place = new Place();
        await using var node = await NewAsync(place);
        var (older, keyring) = await CopyAsync(node, "older");
        await node.StartAsync();
        var (newer, aheadKeyring) = await CopyAsync(node, "newer");
        (node.DataDirectory, node.KeyringPath) = (older, keyring);
        await Node.FailsAsync(EngineErrorCode.StoreRolledBack, () => node.StartAsync());

        await node.StartAsync(accept: true);
        await node.RestartAsync();                              // this keyring knows
        Assert.All(place.Remembered.Values, static witness => Assert.Equal(1u, witness.Generation));
        await node.StopAsync();
        (node.KeyringPath, node.Witness) = (aheadKeyring, null);
        await node.RestartAsync();                              // so does one that remembers the copy which was given up

        await node.StopAsync();
        (node.DataDirectory, node.Witness) = (newer, place);
        var before = await Node.FailsAsync(EngineErrorCode.StoreRolledBack, () => node.StartAsync());
        Assert.Contains("generation 0", before.Message, StringComparison.Ordinal);
        await node.StartAsync(accept: true);
        await node.StopAsync();
        Assert.All(place.Remembered.Values, static witness => Assert.Equal(2u, witness.Generation));     // not the other copy's generation once more
    }

    private static async Task<Node> NewAsync(Place place)
    {
        var node = new Node("alice", new InMemoryNetwork()) { Witness = place };
        await node.StartNewAsync();
        return node;
    }

    private static async Task<(string Store, string Keyring)> CopyAsync(Node node, string name)
    {
        await node.StopAsync();
        return (node.CopyStore(name), node.CopyKeyring(name + "-keys"));
    }

    /// <summary>What a Lighthouse does, in memory: each shard's highest.</summary>
    private sealed class Place(Place? like = null) : IStoreWitness
    {
        internal ConcurrentDictionary<ShardId, ShardWitness> Remembered { get; } = new(like?.Remembered ?? []);

        public ValueTask<IReadOnlyList<ShardWitness>> ReadAsync(ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IReadOnlyList<ShardWitness>>([.. Remembered.Values]);

        public void Remember(ReadOnlyMemory<byte> storeId, in ShardWitness witness)
        {
            Assert.Equal(16, storeId.Length);
            var said = witness;
            Remembered.AddOrUpdate(said.Shard, said, (_, known) => said.Generation > known.Generation || said.Fence.Value > known.Fence.Value ? said : known);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

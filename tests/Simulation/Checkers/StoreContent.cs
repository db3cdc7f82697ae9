using Kyberium.Engine;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;
using Kyberium.Simulation.Disk;
using Kyberium.Simulation.Nodes;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Checkers;

/// <summary>All that can be read of a node's store by whoever has its disk and its keyring: every row and record, opened as far as
/// the shard's data keys reach. What lies under a peer's own key is read only with that key, which is one of the rows.</summary>
internal sealed class StoreContent
{
    private static readonly RowKind[] Opened =
        [.. Enum.GetValues<RowKind>().Where(kind => kind is not RowKind.DataKey)];

    private readonly List<(ShardId Shard, RowKey Key, byte[] Content)> _rows = [];
    private readonly List<(ShardId Shard, LogPosition Position, byte[] Content)> _records = [];
    private byte[] _storeId = [];

    private StoreContent()
    {
    }

    /// <summary>Reads a copy of the disk as it is now.</summary>
    internal static async Task<StoreContent> ReadAsync(SimulatedNode node)
    {
        var copy = new VirtualDisk();
        copy.Append(node.Disk.Written.Span);
        var journal = LogJournal.Open(copy, ImmediateDisk.Instance, new byte[16]);
        var content = new StoreContent { _storeId = journal.StoreId.ToArray() };
        await foreach (var shard in journal.ReadShardsAsync().ConfigureAwait(false))
        {
            await content.ReadAsync(journal, node.Keyring, shard).ConfigureAwait(false);
        }

        return content;
    }

    /// <summary>Checks, on the content from after a removal, that nothing in the store leads to the removed peer's key, and that no row
    /// is filed under its name.</summary>
    internal void CheckForgotten(SimulatedWorld world, SimulatedNode node, PeerId peer, StoreContent before)
    {
        var hash = PeerHash.Of(_storeId, new PeerKey(IdentityName.Default, peer)).Row(RowKind.PeerKey).Key;
        foreach (var (shard, key, _) in _rows.Where(row => row.Key.Key.Span.StartsWith(hash.Span)))
        {
            world.Violate("promise 5", $"{node.Name} removed {peer}, and {shard} keeps a row of it: {key.Kind}");
        }

        foreach (var (_, _, content) in before._rows.Where(row => row.Key.Kind == RowKind.PeerKey && row.Key.Key.Span.SequenceEqual(hash.Span)))
        {
            var secret = content.AsMemory(0, PeerVault.KeySize);
            foreach (var (shard, key, _) in _rows.Where(row => row.Content.AsSpan().IndexOf(secret.Span) >= 0))
            {
                world.Violate("promise 5", $"{node.Name} removed {peer}, and its key can be read in {shard}, {key.Kind}");
            }

            foreach (var (shard, position, _) in _records.Where(record => record.Content.AsSpan().IndexOf(secret.Span) >= 0))
            {
                world.Violate("promise 5", $"{node.Name} removed {peer}, and its key can be read in {shard}, record {position.Value}");
            }
        }
    }

    private async Task ReadAsync(LogJournal journal, IKeyring keyring, ShardId shard)
    {
        var extent = await journal.ReadExtentAsync(shard).ConfigureAwait(false);
        using var keys = await DataKeys.ReadAsync(journal, keyring, shard, default).ConfigureAwait(false);
        using var opener = new ShardOpener(journal.StoreId, shard, extent, keys);
        foreach (var kind in Opened)
        {
            await foreach (var row in journal.ReadRowsAsync(shard, kind, default).ConfigureAwait(false))
            {
                _rows.Add((shard, row.Key, (await opener.OpenRowAsync(row, default).ConfigureAwait(false)).ToArray()));
            }
        }

        await foreach (var record in journal.ReadRecordsAsync(shard, extent.TruncatedThrough).ConfigureAwait(false))
        {
            _records.Add((shard, record.Position, (await opener.OpenRecordAsync(record, default).ConfigureAwait(false)).Plaintext.ToArray()));
        }
    }

    /// <summary>Does each step at once: a copy is looked at between two steps of the world.</summary>
    private sealed class ImmediateDisk : IDiskHost
    {
        internal static readonly ImmediateDisk Instance = new();

        public TaskCreationOptions Completion => TaskCreationOptions.None;

        public bool IsRunning => true;

        public void Later(DiskStep step, Action run) => run();

        public FlushOutcome DrawFlush() => FlushOutcome.Done;

        public void Wrote(LogFrame frame, ReadOnlySpan<byte> bytes)
        {
        }
    }
}

using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Shards;

/// <summary>Folds the tail of a shard's log over its snapshots: the same Apply as when the facts were decided.</summary>
internal sealed class ShardRecovery(ShardEnvironment environment, ShardId shard, ShardOpener opener)
{
    private readonly Dictionary<PeerHash, ShardStore.LoadedPeer?> _peers = [];

    internal IReadOnlyCollection<ShardStore.LoadedPeer> Peers => [.. _peers.Values.OfType<ShardStore.LoadedPeer>().Where(peer => peer.State.Exists)];

    internal long FactCount { get; private set; }

    internal async Task AddAsync(OpenedRecord record, CancellationToken cancellationToken)
    {
        // Copied: loading a peer uses the opener again, and the record's plaintext lives only until then.
        var plaintext = record.Plaintext.ToArray();
        try
        {
            var (salt, entries) = Split(plaintext);
            foreach (var entry in entries)
            {
                if (!entry.IsAudit)
                {
                    await ApplyAsync(entry, salt, record, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (StateFormatException exception)
        {
            throw ShardErrors.StateUnreadable(shard, $"record {record.Position.Value}", exception);
        }
    }

    private static (UInt128 Salt, List<BatchRecord.Entry> Entries) Split(ReadOnlyMemory<byte> plaintext)
    {
        var reader = new StateReader(plaintext);
        if (reader.Byte() is var version and not BatchRecord.Version)
        {
            throw new StateFormatException($"record version {version} is not known here");
        }

        var salt = reader.UInt128();
        var entries = new List<BatchRecord.Entry>();
        while (!reader.IsAtEnd)
        {
            entries.Add(BatchRecord.ReadEntry(ref reader));
        }

        return (salt, entries);
    }

    private async Task ApplyAsync(BatchRecord.Entry entry, UInt128 salt, OpenedRecord record, CancellationToken cancellationToken)
    {
        var position = record.Position;
        if (!_peers.TryGetValue(entry.Hash, out var peer))
        {
            peer = await PeerLoader.LoadAsync(environment, shard, opener, entry.Hash, cancellationToken).ConfigureAwait(false);
            _peers[entry.Hash] = peer;
        }

        // No key: the peer was forgotten after this record. Another key: it was forgotten and added again. Either way the
        // facts are of a peer that is no more; the record around them was authenticated.
        if (peer is null || position.Value <= peer.StoredAt.Value
            || BatchRecord.Open(entry, peer.Vault, salt, position) is not { } facts)
        {
            return;
        }

        foreach (var fact in facts)
        {
            PeerFacts.Apply(peer.State, fact);
            Age(peer.State, fact, Math.Max(0, environment.Scheduler.UnixMillis - record.UnixMillis));
            FactCount++;
        }

        peer.ChangedAt = position;
    }

    /// <summary>An epoch that no snapshot has seen is as old as the record that made it.</summary>
    private static void Age(PeerState state, PeerEvent fact, long millis)
    {
        var made = fact switch
        {
            PeerEvent.SessionEstablished established => established.Epoch,
            PeerEvent.EpochPending pending => pending.Epoch,
            PeerEvent.EpochAccepted accepted => accepted.Epoch,
            _ => null,
        };
        if (made is not null
            && state.Sessions.SelectMany(session => session.Epochs).First(epoch => epoch.LocalIndex == made.LocalIndex) is { } epoch)
        {
            epoch.AgeMillis = millis;
        }
    }
}

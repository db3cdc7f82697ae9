using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Shards;

/// <summary>Folds the tail of a shard's log over its snapshots: the same Apply as when the facts were decided.</summary>
internal sealed class ShardRecovery(ShardEnvironment environment, ShardId shard, ShardOpener opener, Fence exactFrom) : IDisposable
{
    private readonly Dictionary<PeerHash, LoadedPeer?> _peers = [];
    private readonly List<EpochSecrets> _secrets = [];      // of every epoch that a snapshot or a fact has named

    internal long FactCount { get; private set; }

    /// <summary>Gets the audit events of the tail, in order: whether they were handed on is not known.</summary>
    internal List<AuditEvent> Audit { get; } = [];

    /// <summary>Gives the peers that exist. What the tail dropped on its way is erased.</summary>
    internal IReadOnlyCollection<LoadedPeer> Finish()
    {
        var found = _peers.Values.OfType<LoadedPeer>().ToLookup(peer => peer.State.Exists);
        foreach (var forgotten in found[false])
        {
            forgotten.Dispose();
        }

        var kept = found[true].SelectMany(peer => peer.State.Sessions).SelectMany(session => session.Epochs)
            .Select(epoch => epoch.Secrets).ToHashSet(ReferenceEqualityComparer.Instance);
        _secrets.FindAll(secrets => !kept.Contains(secrets)).ForEach(static secrets => secrets.Dispose());
        return [.. found[true]];
    }

    /// <summary>Erases everything read, for an owner that does not go on with it.</summary>
    public void Dispose()
    {
        _secrets.ForEach(static secrets => secrets.Dispose());
        foreach (var peer in _peers.Values)
        {
            peer?.Dispose();
        }
    }

    internal async Task AddAsync(OpenedRecord record, CancellationToken cancellationToken)
    {
        // Copied: loading a peer uses the opener again, and the record's plaintext lives only until then.
        var plaintext = record.Plaintext.ToArray();
        try
        {
            var (salt, entries) = Split(plaintext);
            var ordinal = 0;
            foreach (var entry in entries)
            {
                if (entry.IsAudit)
                {
                    if (environment.Audit.HasSink)
                    {
                        Audit.Add(BatchRecord.ReadAudit(entry.Bytes, shard, record.Position, ordinal++));
                    }
                }
                else
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
            peer = await PeerLoader.LoadAsync(environment, shard, opener, entry.Hash, exactFrom, cancellationToken).ConfigureAwait(false);
            _peers[entry.Hash] = peer;
            _secrets.AddRange(peer?.State.Sessions.SelectMany(session => session.Epochs).Select(epoch => epoch.Secrets) ?? []);
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
    private void Age(PeerState state, PeerEvent fact, long millis)
    {
        var made = fact switch
        {
            PeerEvent.SessionEstablished established => established.Epoch,
            PeerEvent.EpochPending pending => pending.Epoch,
            PeerEvent.EpochAccepted accepted => accepted.Epoch,
            _ => null,
        };
        if (made is null)
        {
            return;
        }

        _secrets.Add(made.Secrets);
        if (state.Sessions.SelectMany(session => session.Epochs).First(epoch => epoch.LocalIndex == made.LocalIndex) is { } epoch)
        {
            epoch.AgeMillis = millis;
        }
    }
}

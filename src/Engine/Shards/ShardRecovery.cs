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

    // Used again for each record: a tail of many would leave as many arrays behind.
    private readonly List<BatchRecord.Entry> _entries = [];
    private readonly List<PeerEvent> _facts = [];
    private byte[] _record = [];
    private byte[] _plaintext = [];

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
        var bytes = Copied(record.Plaintext.Span);
        try
        {
            var salt = Split(bytes);
            var ordinal = 0;
            foreach (var entry in _entries)
            {
                if (!entry.IsAudit)
                {
                    var peer = _peers.TryGetValue(entry.Hash, out var known) ? known : await LoadAsync(entry.Hash, cancellationToken).ConfigureAwait(false);
                    Apply(peer, entry, salt, record);
                }
                else if (environment.Audit.HasSink)
                {
                    Audit.Add(BatchRecord.ReadAudit(entry.Bytes, shard, record.Position, ordinal++));
                }
            }
        }
        catch (StateFormatException exception)
        {
            throw ShardErrors.StateUnreadable(shard, $"record {record.Position.Value}", exception);
        }
    }

    private ReadOnlyMemory<byte> Copied(ReadOnlySpan<byte> plaintext)
    {
        if (_record.Length < plaintext.Length)
        {
            _record = new byte[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)plaintext.Length)];
        }

        plaintext.CopyTo(_record);
        return _record.AsMemory(0, plaintext.Length);
    }

    private UInt128 Split(ReadOnlyMemory<byte> plaintext)
    {
        var reader = new StateReader(plaintext);
        if (reader.Byte() is var version and not BatchRecord.Version)
        {
            throw new StateFormatException($"record version {version} is not known here");
        }

        var salt = reader.UInt128();
        _entries.Clear();
        while (!reader.IsAtEnd)
        {
            _entries.Add(BatchRecord.ReadEntry(ref reader));
        }

        return salt;
    }

    private async Task<LoadedPeer?> LoadAsync(PeerHash hash, CancellationToken cancellationToken)
    {
        var peer = await PeerLoader.LoadAsync(environment, shard, opener, hash, exactFrom, cancellationToken).ConfigureAwait(false);
        _peers[hash] = peer;
        _secrets.AddRange(peer?.State.Sessions.SelectMany(session => session.Epochs).Select(epoch => epoch.Secrets) ?? []);
        return peer;
    }

    private void Apply(LoadedPeer? peer, in BatchRecord.Entry entry, UInt128 salt, in OpenedRecord record)
    {
        // No key: the peer was forgotten after this record. Another key: it was forgotten and added again. Either way the
        // facts are of a peer that is no more; the record around them was authenticated.
        var position = record.Position;
        if (peer is null || position.Value <= peer.StoredAt.Value
            || !BatchRecord.TryOpen(entry, peer.Vault, salt, position, ref _plaintext, _facts))
        {
            return;
        }

        foreach (var fact in _facts)
        {
            PeerFacts.Apply(peer.State, fact);
            Age(peer.State, fact, record.UnixMillis);
            FactCount++;
        }

        _facts.Clear();
        peer.ChangedAt = position;
    }

    /// <summary>An epoch that no snapshot has seen is as old as the record that made it.</summary>
    private void Age(PeerState state, PeerEvent fact, long madeAt)
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
            epoch.AgeMillis = Math.Max(0, environment.Scheduler.UnixMillis - madeAt);
        }
    }
}

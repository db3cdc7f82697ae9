using System.Buffers.Binary;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>What a turn writes of its peers.</summary>
internal sealed partial class ShardStore
{
    /// <summary>The row that holds a peer's key at rest and its name.</summary>
    internal RowChange VaultRow(ResidentPeer peer, UnixMillis wall)
    {
        var writer = new StateWriter();
        writer.Fixed(peer.Vault!.Key.Reveal());
        writer.Text(peer.Key.Identity.Value);
        writer.Text(peer.Key.Peer.Value);
        var key = peer.Hash.Row(RowKind.PeerKey);
        var row = new RowChange(key, _sealer.SealRow(key, writer.Written, wall.Value));
        writer.Clear();
        return row;
    }

    /// <summary>Adds a peer's snapshot, and the rows of messages and indices that changed, to a batch's commit.</summary>
    internal void WriteSnapshot(ShardTurn turn, ResidentPeer peer, LogPosition position, StateWriter scratch)
    {
        foreach (var session in peer.State.Sessions)
        {
            foreach (var epoch in session.Epochs)
            {
                if (epoch.Traffic is EpochTraffic traffic)
                {
                    epoch.Counts = traffic.Counts();
                    epoch.Unheard = traffic.Unheard;
                }
            }
        }

        scratch.Clear();
        SnapshotCodec.Write(scratch, peer.State, turn.Input, position);
        Put(turn, peer, peer.Hash.Row(RowKind.Peer), scratch);
        if (turn.Leaving.Contains(peer))
        {
            WriteWindows(turn, peer, scratch);
        }

        WriteDocuments(turn, peer, scratch);
        WriteMessages(turn, peer, scratch);
        WriteIndices(turn, peer);
        peer.StoredAt = position;
        peer.Vault!.Rest();     // an idle peer keeps no keyed cipher
    }

    /// <summary>Keeps, beyond the records that a checkpoint cuts off, the audit events that were not handed on.</summary>
    internal void WriteAudit(ShardTurn turn, AuditBacklog audit, LogPosition through)
    {
        var (toStore, toDelete) = audit.Cut(through);
        turn.Rows.AddRange(toStore.Select(auditEvent => AuditRows.Write(auditEvent, _sealer, turn.Input.Wall)));
        turn.Rows.AddRange(toDelete.Select(auditEvent => new RowChange(AuditRows.KeyOf(auditEvent), null)));
    }

    /// <summary>Seals a row's content, as it is, under the newest data key.</summary>
    internal RowChange Reseal(OpenedRow row, UnixMillis wall) => new(row.Key, _sealer.SealRow(row.Key, row.Plaintext, wall.Value));

    /// <summary>Deletes everything stored of a forgotten peer; its key first of all.</summary>
    internal static void DeleteRows(ShardTurn turn, ResidentPeer peer)
    {
        Delete(turn, peer.Hash.Row(RowKind.PeerKey));
        Delete(turn, peer.Hash.Row(RowKind.Peer));
        Delete(turn, peer.Hash.Row(RowKind.Windows));
        foreach (var document in peer.State.Pins.Select(pin => pin.Fingerprint).Concat(peer.State.StalePins ?? []))
        {
            Delete(turn, peer.Hash.Row(document));
        }

        var (outgoing, incoming) = (peer.State.Outgoing, peer.State.Incoming);
        foreach (var number in outgoing.StaleRows)
        {
            Delete(turn, peer.Hash.Row(RowKind.Outbox, number));
        }

        foreach (var ordinal in incoming.StaleRows)
        {
            Delete(turn, peer.Hash.Row(RowKind.Inbox, ordinal));
        }

        foreach (var index in peer.StoredIndices)
        {
            Delete(turn, IndexRow(index));
        }
    }

    /// <summary>Gives the indices under which a peer's envelopes are found: one for each of its few epochs.</summary>
    internal static ReceiverIndex[] IndicesOf(PeerState state) =>
        [.. state.Sessions.SelectMany(session => session.Epochs).Select(epoch => epoch.LocalIndex)];

    private static RowKey IndexRow(ReceiverIndex index)
    {
        var key = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(key, index.Value);
        return new RowKey(RowKind.ReceiverIndex, key);
    }

    private static void Delete(ShardTurn turn, RowKey key) => turn.Rows.Add(new RowChange(key, null));

    private void WriteWindows(ShardTurn turn, ResidentPeer peer, StateWriter scratch)
    {
        scratch.Clear();
        var digest = ExactWindows.Write(scratch, Fence, peer);
        if (digest == peer.StoredWindows)
        {
            return;
        }

        if (digest == 0)
        {
            Delete(turn, peer.Hash.Row(RowKind.Windows));
        }
        else
        {
            Put(turn, peer, peer.Hash.Row(RowKind.Windows), scratch);
        }

        peer.StoredWindows = digest;
    }

    /// <summary>Writes the documents that have no row yet. A pin that was given up and came back has both a row to delete and one to write: in
    /// this order.</summary>
    private void WriteDocuments(ShardTurn turn, ResidentPeer peer, StateWriter scratch)
    {
        foreach (var document in peer.State.StalePins ?? [])
        {
            Delete(turn, peer.Hash.Row(document));
        }

        peer.State.StalePins = null;
        foreach (var pin in peer.State.Pins)
        {
            if (!pin.Document.IsEmpty)
            {
                scratch.Clear();
                SnapshotCodec.WriteDocumentRow(scratch, pin);
                Put(turn, peer, peer.Hash.Row(pin.Fingerprint), scratch);
                turn.Documents.Add((peer, pin.Document));
            }
        }
    }

    private void WriteMessages(ShardTurn turn, ResidentPeer peer, StateWriter scratch)
    {
        var (outgoing, incoming) = (peer.State.Outgoing, peer.State.Incoming);
        foreach (var number in outgoing.StaleRows)
        {
            Delete(turn, peer.Hash.Row(RowKind.Outbox, number));
        }

        outgoing.StaleRows.Clear();
        for (var number = outgoing.LowestUnacknowledged; number < outgoing.Next; number++)
        {
            var message = outgoing[number];
            if (message.Row != RowState.Current)
            {
                scratch.Clear();
                SnapshotCodec.WriteOutboxRow(scratch, message);
                Put(turn, peer, peer.Hash.Row(RowKind.Outbox, number), scratch);
                message.Row = RowState.Current;
            }
        }

        foreach (var ordinal in incoming.StaleRows)
        {
            Delete(turn, peer.Hash.Row(RowKind.Inbox, ordinal));
        }

        incoming.StaleRows.Clear();
        if (incoming.UnhandledCount == 0)
        {
            return;
        }

        foreach (var message in incoming.Unhandled)
        {
            if (message.Row != RowState.Current)
            {
                scratch.Clear();
                SnapshotCodec.WriteInboxRow(scratch, message);
                Put(turn, peer, peer.Hash.Row(RowKind.Inbox, message.Ordinal), scratch);
                message.Row = RowState.Current;
            }
        }
    }

    private void WriteIndices(ShardTurn turn, ResidentPeer peer)
    {
        var current = IndicesOf(peer.State);
        foreach (var index in peer.StoredIndices)
        {
            if (!current.Contains(index))
            {
                Delete(turn, IndexRow(index));
            }
        }

        foreach (var index in current)
        {
            if (!peer.StoredIndices.Contains(index))
            {
                var writer = new StateWriter();
                writer.Text(peer.Key.Identity.Value);
                writer.Text(peer.Key.Peer.Value);
                var key = IndexRow(index);
                turn.Rows.Add(new RowChange(key, _sealer.SealRow(key, writer.Written, turn.Input.Wall.Value)));
            }
        }

        peer.StoredIndices = current;
    }

    /// <summary>Seals a row twice: under the peer's key, then under the shard's tenure.</summary>
    private void Put(ShardTurn turn, ResidentPeer peer, RowKey key, StateWriter plaintext)
    {
        var inner = new byte[VaultHeadSize + plaintext.Length + PeerVault.TagSize];
        BinaryPrimitives.WriteUInt128BigEndian(inner, _salt);
        BinaryPrimitives.WriteUInt64BigEndian(inner.AsSpan(PeerVault.SaltSize), _rowCounter);
        peer.Vault!.Seal(_salt, _rowCounter++, plaintext.Written, inner.AsSpan(VaultHeadSize), key.Key.Span);
        turn.Rows.Add(new RowChange(key, _sealer.SealRow(key, inner, turn.Input.Wall.Value)));
    }
}

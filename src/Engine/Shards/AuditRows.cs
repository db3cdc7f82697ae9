using System.Buffers.Binary;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Shards;

/// <summary>Audit events that were not handed on when their records were cut off (docs/formats/events.md).</summary>
internal static class AuditRows
{
    private const int KeySize = 12;

    internal static RowKey KeyOf(AuditEvent auditEvent)
    {
        var key = new byte[KeySize];
        BinaryPrimitives.WriteInt64BigEndian(key, auditEvent.Position.Value);
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(8), auditEvent.Ordinal);
        return new RowKey(RowKind.Audit, key);
    }

    internal static RowChange Write(AuditEvent auditEvent, ShardSealer sealer, UnixMillis wall)
    {
        var writer = new StateWriter();
        AuditCodec.Write(writer, auditEvent);
        var key = KeyOf(auditEvent);
        return new RowChange(key, sealer.SealRow(key, writer.Written, wall.Value));
    }

    /// <summary>Reads them in order; none when nobody would take them.</summary>
    internal static async Task<List<AuditEvent>> ReadAsync(
        ShardEnvironment environment, ShardId shard, ShardOpener opener, CancellationToken cancellationToken)
    {
        var events = new List<AuditEvent>();
        if (!environment.Audit.HasSink)
        {
            return events;
        }

        await foreach (var row in environment.Journal.ReadRowsAsync(shard, RowKind.Audit, default, cancellationToken).ConfigureAwait(false))
        {
            var plaintext = await opener.OpenRowAsync(row, cancellationToken).ConfigureAwait(false);
            var key = row.Key.Key.Span;
            events.Add(AuditCodec.Read(
                plaintext, shard, new LogPosition(BinaryPrimitives.ReadInt64BigEndian(key)), BinaryPrimitives.ReadInt32BigEndian(key[8..])));
        }

        return events;
    }
}

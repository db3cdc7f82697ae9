using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Audit;

/// <summary>The bytes of an audit event in a record or a row (docs/formats/events.md). Its place is where it lies.</summary>
internal static class AuditCodec
{
    internal static void Write(StateWriter writer, AuditEvent auditEvent)
    {
        writer.Int64(auditEvent.At.ToUnixTimeMilliseconds());
        writer.Text(auditEvent.Kind);
        writer.Text(auditEvent.Identity);
        writer.Text(auditEvent.Peer);
        writer.Text(auditEvent.Actor);
        writer.Text(auditEvent.Correlation);
        writer.Text(auditEvent.Detail);
        if (auditEvent.Operation != Guid.Empty)
        {
            EventCodec.WriteGuid(writer, auditEvent.Operation);
        }
    }

    /// <exception cref="StateFormatException">The bytes are not of this version.</exception>
    internal static AuditEvent Read(ReadOnlyMemory<byte> bytes, ShardId shard, LogPosition position, int ordinal)
    {
        var reader = new StateReader(bytes);
        return new AuditEvent(
            Instant(reader.Int64()), reader.Text(), reader.Text(), reader.Text(), reader.Text(),
            reader.Text(), reader.Text(), shard, position, ordinal, reader.IsAtEnd ? default : EventCodec.ReadGuid(ref reader));
    }

    private static DateTimeOffset Instant(long millis) =>
        millis >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds() && millis <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(millis)
            : throw new StateFormatException($"{millis} ms since 1970 is no date");
}

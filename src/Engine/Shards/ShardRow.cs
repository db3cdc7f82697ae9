using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Shards;

/// <summary>A shard's own row: where its log was cut, the tag of the last record cut off, and by whom (docs/formats/events.md).</summary>
internal readonly record struct ShardRow(LogPosition Through, ReadOnlyMemory<byte> Tag, Fence Fence, ReadOnlyMemory<byte> Tenure)
{
    private const byte Version = 1;

    internal static RowKey Key => new(RowKind.Shard, default);

    internal static ShardRow Read(ReadOnlyMemory<byte> plaintext)
    {
        var reader = new StateReader(plaintext);
        if (reader.Byte() is var version and not Version)
        {
            throw new StateFormatException($"shard row version {version} is not known here");
        }

        return new ShardRow(new LogPosition(reader.Int64()), reader.Fixed(16).ToArray(), new Fence(reader.Int64()), reader.Fixed(32).ToArray());
    }

    internal void Write(StateWriter writer)
    {
        writer.Byte(Version);
        writer.Int64(Through.Value);
        writer.Fixed(Tag.Span);
        writer.Int64(Fence.Value);
        writer.Fixed(Tenure.Span);
    }
}

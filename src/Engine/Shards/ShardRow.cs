using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Shards;

/// <summary>A shard's own row: where its log was cut, the tag of the last record cut off, and by whom (docs/formats/events.md).</summary>
internal readonly record struct ShardRow(LogPosition Through, ReadOnlyMemory<byte> Tag, Fence Fence, ReadOnlyMemory<byte> Tenure)
{
    private const byte Version = 2;
    private const byte VersionBeforeWindows = 1;

    /// <summary>Gets whether the owner ended cleanly with this row: every peer's exact windows are stored.</summary>
    internal bool IsLast { get; init; }

    /// <summary>Gets since which fence every owner but the last has ended cleanly: windows stored under it or a later one were exact.</summary>
    internal Fence ExactFrom { get; init; }

    internal static RowKey Key => new(RowKind.Shard, default);

    internal static ShardRow Read(ReadOnlyMemory<byte> plaintext)
    {
        var reader = new StateReader(plaintext);
        var version = reader.Byte();
        if (version is not (Version or VersionBeforeWindows))
        {
            throw new StateFormatException($"shard row version {version} is not known here");
        }

        var row = new ShardRow(
            new LogPosition(reader.Int64()), reader.Fixed(16).ToArray(), new Fence(reader.Int64()), reader.Fixed(32).ToArray());
        if (version == Version)
        {
            row = row with { IsLast = reader.Flag(), ExactFrom = new Fence(reader.Int64()) };
        }

        reader.End();
        return row;
    }

    internal void Write(StateWriter writer)
    {
        writer.Byte(Version);
        writer.Int64(Through.Value);
        writer.Fixed(Tag.Span);
        writer.Int64(Fence.Value);
        writer.Fixed(Tenure.Span);
        writer.Flag(IsLast);
        writer.Int64(ExactFrom.Value);
    }
}

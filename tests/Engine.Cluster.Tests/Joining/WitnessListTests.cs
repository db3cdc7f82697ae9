using System.Text.RegularExpressions;
using Kyberium.Engine.Cluster.Joining;

namespace Kyberium.Engine.Cluster.Tests.Joining;

/// <summary>Goal: docs/formats/joining.md is what nodes and Lighthouses tell each other of shards, byte for byte; its example comes from an independent implementation.</summary>
public sealed partial class WitnessListTests
{
    private static readonly byte[] Store = [.. Enumerable.Range(0xe0, 16).Select(static value => (byte)value)];

    private static readonly ShardWitness[] Witnesses =
    [
        new(new ShardId("default", 7), new Fence(3), Enumerable.Repeat((byte)0xaa, 32).ToArray(), new LogPosition(1_000)) { Generation = 1 },
        new(ShardId.Directory, new Fence(2), Enumerable.Repeat((byte)0xbb, 32).ToArray(), new LogPosition(5)),
    ];

    [Fact]
    public void The_example_is_what_is_written_and_read_in_any_order()
    {
        Assert.Equal(Example(), Convert.ToHexStringLower(WitnessList.Encode(Store, Witnesses)));
        Assert.Equal(Example(), Convert.ToHexStringLower(WitnessList.Encode(Store, Witnesses.Reverse())));
        Assert.Equal(Witnesses.Select(Print), WitnessList.TryDecode(Convert.FromHexString(Example()), Store, out _)!.Select(Print));
    }

    [Fact]
    public void Any_flipped_byte_and_any_cut_is_noticed()
    {
        var sound = Convert.FromHexString(Example());
        for (var position = 0; position < sound.Length; position++)
        {
            var changed = sound.ToArray();
            changed[position] ^= 0x41;
            Assert.Null(WitnessList.TryDecode(changed, Store, out var problem));
            Assert.NotNull(problem);
            Assert.Null(WitnessList.TryDecode(sound.AsSpan(0, position), Store, out _));
        }

        Assert.Null(WitnessList.TryDecode(sound, new byte[16], out var another));
        Assert.Equal("speaks of another store", another);
    }

    private static string Print(ShardWitness witness) =>
        $"{witness.Shard} {witness.Generation} {witness.Fence.Value} {Convert.ToHexString(witness.Tenure.Span)} {witness.Position.Value}";

    private static string Example() => Block().Match(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs/formats/joining.md")))
        .Groups[1].Value.Replace("\n", "", StringComparison.Ordinal);

    [GeneratedRegex("```hex witnesses\n([0-9a-f\n]+)```")]
    private static partial Regex Block();
}

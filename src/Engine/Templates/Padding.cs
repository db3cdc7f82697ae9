using System.Collections.Immutable;

namespace Kyberium.Engine.Templates;

/// <summary>To which sizes plaintexts are padded, so that lengths tell less.</summary>
/// <param name="BlockSizes">Ascending; empty: no padding.</param>
internal sealed record Padding(ValueList<int> BlockSizes)
{
    internal const int BlockSizeMin = 16;

    /// <summary>A framed record counts its padding in 16 bits (PROTOCOL section 4, type 8).</summary>
    internal const int BlockSizeMax = ushort.MaxValue;

    internal static Padding None { get; } = new(new ValueList<int>(ImmutableArray<int>.Empty));

    /// <summary>Gives the padded size: the smallest block that fits, beyond the largest a multiple of that.</summary>
    internal int PaddedSize(int size)
    {
        var blocks = BlockSizes.Items;
        foreach (var block in blocks)
        {
            if (size <= block)
            {
                return block;
            }
        }

        return blocks.IsEmpty ? size : checked((size + blocks[^1] - 1) / blocks[^1] * blocks[^1]);
    }
}

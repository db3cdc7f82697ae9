using System.Globalization;

namespace Kyberium.Engine.Wire;

/// <summary>Says whose keys open an envelope: the receiver's shard number, then 48 random bits. Drawn by the receiver.</summary>
/// <remarks>Zero stands for none: only msg1 and the cookie messages carry it.</remarks>
internal readonly record struct ReceiverIndex(ulong Value)
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 8;

    private const ulong RandomMask = (1UL << 48) - 1;

    internal bool IsNone => Value == 0;

    /// <summary>Gets the number of the shard that drew it.</summary>
    internal ushort Shard => (ushort)(Value >> 48);

    /// <summary>Joins a shard number and 48 random bits.</summary>
    /// <param name="random48">The low 48 bits count. Shard 0 with 0 gives <see cref="IsNone"/>: draw again.</param>
    internal static ReceiverIndex Of(ushort shard, ulong random48) => new(((ulong)shard << 48) | (random48 & RandomMask));

    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);
}

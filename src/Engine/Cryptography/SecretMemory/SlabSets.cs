namespace Kyberium.Engine.Cryptography.SecretMemory;

/// <summary>The process's slabs, by the size of their places: whole cache lines, up to the longest private key.</summary>
internal static class SlabSets
{
    /// <summary>The longest secret that gets a place in a slab: ML-KEM-1024's vector and z, 2,080 bytes, and what fills the line.</summary>
    internal const int LengthMax = 2_112;

    private static readonly SlabSet[] Sets =
        [.. Enumerable.Range(1, LengthMax / SecretSlab.LineSize).Select(static lines => new SlabSet(lines * SecretSlab.LineSize))];

    /// <summary>Gets how many places are out in the whole process.</summary>
    internal static long TakenCount => Sets.Sum(static set => set.TakenCount);

    /// <summary>Finds the set for secrets of a length; <see langword="null"/> when they are too long for any.</summary>
    internal static SlabSet? Of(int length) => length <= LengthMax ? Sets[Math.Max(0, length - 1) / SecretSlab.LineSize] : null;
}

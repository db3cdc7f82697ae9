namespace Kyberium.Simulation.World;

/// <summary>Every choice of a simulation comes from one of these: SplitMix64 (Steele, Lea, Flood 2014), the same on every machine.</summary>
internal sealed class SeededChoices(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Makes an independent stream, so that choices of one kind do not shift those of another.</summary>
    internal static SeededChoices For(ulong seed, string purpose)
    {
        var mixed = seed;
        foreach (var letter in purpose)
        {
            mixed = new SeededChoices(mixed ^ letter).Next();
        }

        return new SeededChoices(mixed);
    }

    internal ulong Next()
    {
        var mixed = _state += 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }

    /// <summary>Gives 0 to <paramref name="bound"/> - 1.</summary>
    internal int Below(int bound) => (int)(((UInt128)Next() * (uint)bound) >> 64);

    /// <summary>Gives a number between the two, both included.</summary>
    internal long Between(long least, long most) => least + (long)(((UInt128)Next() * (ulong)(most - least + 1)) >> 64);

    internal bool Chance(double probability) => (Next() >> 11) * (1.0 / (1UL << 53)) < probability;

    internal T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    internal void Fill(Span<byte> destination)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        while (!destination.IsEmpty)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(word, Next());
            var taken = Math.Min(destination.Length, word.Length);
            word[..taken].CopyTo(destination);
            destination = destination[taken..];
        }
    }
}

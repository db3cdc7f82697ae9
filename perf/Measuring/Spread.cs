namespace Kyberium.Measuring;

/// <summary>Scatters neighbours: callers do not come in the order of their sessions.</summary>
internal static class Spread
{
    /// <summary>Gives a place from 0 to below <paramref name="count"/>, the same one each time.</summary>
    internal static int Over(int number, int count) => (int)(((ulong)((uint)number * 2_654_435_761u) * (uint)count) >> 32);
}

namespace Kyberium.Simulation.Broken;

/// <summary>How <see cref="BrokenEngine"/> enters the simulator that it loaded: by types that both sides have.</summary>
internal static class SeedEntry
{
    /// <summary>Runs a seed with some faults only.</summary>
    /// <returns>How a promise was broken, or <see langword="null"/>.</returns>
    internal static string? Violation(ulong seed, int faults, int seconds) =>
        Simulation.Run(seed, TimeSpan.FromSeconds(seconds), (Faults)faults, isShort: true).Violation;

    internal static string? Promise(ulong seed) =>
        Simulation.Run(seed, TimeSpan.FromSeconds(10), Faults.All & ~Faults.Operators, isShort: true).Promise;
}

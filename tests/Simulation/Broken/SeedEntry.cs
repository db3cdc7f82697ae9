namespace Kyberium.Simulation.Broken;

/// <summary>How <see cref="BrokenEngine"/> enters the simulator that it loaded: by types that both sides have.</summary>
internal static class SeedEntry
{
    internal static string? Promise(ulong seed) =>
        Simulation.Run(seed, TimeSpan.FromSeconds(10), Faults.All & ~Faults.Operators, isShort: true).Promise;
}

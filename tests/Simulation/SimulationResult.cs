namespace Kyberium.Simulation;

/// <summary>What came of one seed.</summary>
/// <param name="Promise">The promise that was broken; <see langword="null"/> when none was.</param>
/// <param name="Violation">How, in full.</param>
/// <param name="Digest">The hash of the whole history.</param>
/// <param name="Lines">The end of the history, for reading.</param>
internal sealed record SimulationResult(
    ulong Seed, Scenario Scenario, string? Promise, string? Violation, string Digest, IReadOnlyList<string> Lines, SimulationCounts Counts);

/// <summary>How much a run did: a simulation in which nothing happens proves nothing.</summary>
internal readonly record struct SimulationCounts(
    long Steps, long Events, long VirtualMicros, int Delivered, int Opened, int Sealed, int Processes, int Crashes, int Acts);

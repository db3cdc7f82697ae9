namespace Kyberium.Simulation.World;

/// <summary>A checker saw a promise broken: the run ends here.</summary>
internal sealed class ViolationException(string promise, string what) : Exception($"{promise}: {what}")
{
    internal string Promise { get; } = promise;
}

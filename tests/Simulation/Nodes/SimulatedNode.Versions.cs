using Kyberium.Engine.Wire;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <content>Processes that announce other protocol versions in their handshakes, as while nodes are upgraded one after another: some speak this version beside a newer one,
/// some no longer speak it. With those nobody may make a session; what was made before goes on.</content>
internal sealed partial class SimulatedNode
{
    private static readonly VersionRange Newer = new(EnvelopeHeader.Version + 1, EnvelopeHeader.Version + 1);
    private static readonly VersionRange Both = new(EnvelopeHeader.Version, EnvelopeHeader.Version + 1);

    // Drawn apart from all else, so that seeds without it have the history they had.
    private readonly SeededChoices _versions = SeededChoices.For(world.Seed, "versions " + name);
    private readonly bool _isUpgraded = scenario.Has(Faults.VersionSkew) && IsSkewed(world.Seed);

    /// <summary>Says whether processes announce other versions in a seed, if they may.</summary>
    internal static bool IsSkewed(ulong seed) => SeededChoices.For(seed, "versions").Chance(0.2);

    /// <summary>Lets a process that does not speak the others' version give way to one that does.</summary>
    internal void EndVersionSkew()
    {
        if (!IsFaulty && Process is { SpeaksThisVersion: false })
        {
            Restart();
        }
    }

    private VersionRange DrawVersions()
    {
        if (!_isUpgraded || !IsFaulty)
        {
            return VersionRange.Spoken;
        }

        var drawn = _versions.Pick([VersionRange.Spoken, Both, Newer]);
        if (drawn != VersionRange.Spoken)
        {
            world.Note($"{Name}/{_processes}", $"speaks versions {drawn.Lowest} to {drawn.Highest}");
        }

        return drawn;
    }

    /// <summary>An engine says what an audit event tells of.</summary>
    private void Told(SimulatedProcess process, string line)
    {
        // Attempts end with their process: whoever makes a session made it with the versions announced now.
        if (!process.SpeaksThisVersion && line.StartsWith("Audit session-established", StringComparison.Ordinal))
        {
            world.Violate("a handshake keeps to the versions announced", $"{process.Name} made a session in a version that it does not speak: {line}");
        }
    }
}

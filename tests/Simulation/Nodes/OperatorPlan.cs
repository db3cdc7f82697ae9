using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <summary>Which acts of operators a seed has, and how often: a good part of the seeds has none, and its promises have no exceptions.</summary>
/// <param name="Faults">The acts drawn, of those that are allowed.</param>
/// <param name="Micros">The mean time between two of them.</param>
internal sealed record OperatorPlan(Faults Faults, long Micros)
{
    private static readonly Faults[] Kinds =
    [
        Faults.StreamResets, Faults.Removals, Faults.LostNodes, Faults.AcceptedStores, Faults.Rotations, Faults.Expiries, Faults.TemplateChanges,
    ];

    internal bool Has(Faults fault) => (Faults & fault) != 0;

    // A choice of its own for each kind: leaving one out does not shift the others.
    internal static OperatorPlan Draw(ulong seed, Faults allowed)
    {
        var choices = SeededChoices.For(seed, "operator plan");
        var isActive = choices.Chance(0.6);
        var alone = choices.Chance(0.3) ? choices.Pick(Kinds) : Faults.Operators;
        var drawn = Kinds.Where(_ => choices.Chance(0.5)).Aggregate(Faults.None, (all, kind) => all | kind);
        return new OperatorPlan(
            isActive ? (alone == Faults.Operators ? drawn : alone) & allowed : Faults.None, choices.Pick([2_000_000, 6_000_000, 20_000_000]));
    }
}

using Kyberium.Simulation.Nodes;

namespace Kyberium.Simulation.Acts;

/// <summary>Something that may happen to a node, or that its owner may do.</summary>
/// <param name="Weight">How often it is drawn, against the sum over its table.</param>
/// <param name="Fault">What a seed must allow for it; <see cref="Faults.None"/> when it is no fault. Drawn where it is not allowed, nothing
/// happens: leaving a fault out does not shift what else is drawn.</param>
/// <param name="Run">Does it to the node that was drawn.</param>
internal sealed record Act(int Weight, Faults Fault, string Name, Action<Cast, SimulatedNode> Run)
{
    /// <summary>Draws one act of a table, and does it.</summary>
    internal static void DrawAndRun(IReadOnlyList<Act> table, Cast cast, SimulatedNode node)
    {
        var left = cast.Choices.Below(table.Sum(act => act.Weight));
        foreach (var act in table)
        {
            if ((left -= act.Weight) < 0)
            {
                if (act.Fault == Faults.None || cast.Scenario.Has(act.Fault))
                {
                    act.Run(cast, node);
                }

                return;
            }
        }
    }
}

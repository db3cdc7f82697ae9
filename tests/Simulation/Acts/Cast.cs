using Kyberium.Simulation.Checkers;
using Kyberium.Simulation.Network;
using Kyberium.Simulation.Nodes;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Acts;

/// <summary>Whom and what an act may touch, and where it draws its choices.</summary>
internal sealed record Cast(
    SimulatedWorld World, Scenario Scenario, SeededChoices Choices, IReadOnlyList<SimulatedNode> Nodes, SimulatedNetwork Network,
    Application Application, Ledgers Ledgers)
{
    /// <summary>Draws another node.</summary>
    internal SimulatedNode Other(SimulatedNode node)
    {
        var others = Nodes.Where(other => other != node).ToList();
        return Choices.Pick(others);
    }
}

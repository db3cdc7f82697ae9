using Kyberium.Engine;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <summary>A machine's keyring as one of its processes has it: what it is to remember takes as long as a flush, and the process may end or stand still meanwhile.</summary>
internal sealed class NodeKeyring(
    IKeyring inner, SimulatedWorld world, Scenario scenario, SimulatedNode node, SimulatedProcess process, SeededChoices choices) : PassingKeyring(inner)
{
    public override async ValueTask WriteWitnessesAsync(
        ReadOnlyMemory<byte> storeId, IReadOnlyList<ShardWitness> witnesses, CancellationToken cancellationToken = default)
    {
        if (process.Effect())
        {
            var written = new TaskCompletionSource(process.Completion);
            world.After(process, choices.Between(20, scenario.DiskMicrosMax) * node.DiskSlowness, written.SetResult);
            await written.Task.ConfigureAwait(false);
            await Inner.WriteWitnessesAsync(storeId, witnesses, cancellationToken).ConfigureAwait(false);
        }
    }
}

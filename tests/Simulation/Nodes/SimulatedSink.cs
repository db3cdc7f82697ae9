using Kyberium.Engine;
using Kyberium.Simulation.Checkers;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <summary>Takes a process's audit events after a while; while there is trouble it sometimes fails, before or after it took one.</summary>
internal sealed class SimulatedSink(SimulatedWorld world, SimulatedProcess process, SimulatedNode node, AuditLedger? ledger, SeededChoices choices) : IAuditSink
{
    private const long WaitMicrosMax = 20_000;
    private const double Failing = 0.05;

    private readonly int _history = node.History;

    public ValueTask WriteAsync(AuditEvent auditEvent, CancellationToken cancellationToken = default)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.None);
        world.After(process, choices.Between(0, WaitMicrosMax), () =>
        {
            var fails = node.IsFaulty && choices.Chance(Failing);
            if (!fails || choices.Chance(0.5))
            {
                ledger?.Took(node, _history, auditEvent);
            }

            if (fails)
            {
                done.TrySetException(new IOException("the sink is away"));
            }
            else
            {
                done.TrySetResult();
            }
        });
        return new(done.Task);
    }

    public ValueTask DisposeAsync() => default;
}

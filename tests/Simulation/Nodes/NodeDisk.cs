using Kyberium.Simulation.Checkers;
using Kyberium.Simulation.Disk;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <summary>A machine's disk as one of its processes has it: how long it takes, what fails, and a look at what is written.</summary>
internal sealed class NodeDisk(
    SimulatedWorld world, Scenario scenario, FrameChecker frames, SimulatedNode node, SimulatedProcess process, SeededChoices choices) : IDiskHost
{
    public TaskCreationOptions Completion => TaskCreationOptions.None;

    public bool IsRunning => process is { IsAlive: true, IsPaused: false };

    public void Later(DiskStep step, Action run)
    {
        if (!process.Effect())
        {
            return;
        }

        switch (step)
        {
            case DiskStep.Answer:
                world.Post(process, run);
                break;
            case DiskStep.Read:
                world.After(process, choices.Between(1, 200) * node.DiskSlowness, run);
                break;
            case DiskStep.Gather:
                world.After(process, choices.Between(0, 100), run);
                break;
            default:
                world.After(process, choices.Between(20, scenario.DiskMicrosMax) * node.DiskSlowness, run);
                break;
        }
    }

    public FlushOutcome DrawFlush() =>
        !node.IsFaulty || !scenario.Has(Faults.FlushErrors) || !choices.Chance(scenario.FlushErrors) ? FlushOutcome.Done
        : choices.Below(4) switch
        {
            0 => FlushOutcome.Failed,
            1 when scenario.Has(Faults.FullDisk) => FlushOutcome.Full,
            _ => FlushOutcome.DoneUnseen,
        };

    public void Wrote(LogFrame frame, ReadOnlySpan<byte> bytes)
    {
        world.Note(process.Name, $"writes {frame.GetType().Name} of {bytes.Length} bytes", bytes);
        if (frame is LogFrame.Commit commit)
        {
            if (commit.Record is { } record)
            {
                frames.Written(process.Name, record);
            }

            foreach (var (_, value) in commit.Rows)
            {
                frames.Written(process.Name, value);
            }
        }
    }
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Tests.Sessions.Model;

namespace Kyberium.Engine.Tests.Sessions.Exploration;

/// <summary>Shows that whoever wants the next epoch gets it within seconds, wherever an earlier attempt was left, once faults are off.</summary>
internal sealed class Wishes
{
    private const int StepCountMax = 400;

    /// <summary>A peer that is there answers in this time, whatever was lost or forgotten before.</summary>
    private const long MillisMax = 30_000;

    internal int Steps { get; private set; }

    internal string? Find(World source) => Find(source, onA: true) ?? Find(source, onA: false);

    private string? Find(World source, bool onA)
    {
        var world = source.Copy();
        world.Flush(world.A);
        world.Flush(world.B);
        var asker = onA ? world.A : world.B;
        if (world.RolledBack != (false, false) || asker.State.Sending is not { } session || world.Other(asker).State.Sending?.Id != session.Id)
        {
            return null;    // the other side has lost it, or prefers another: that takes minutes to notice
        }

        var (id, number) = (session.Id, session.Current.Number);
        var end = world.Now + MillisMax;
        world.Do(asker, new PeerCommand.Rekey());
        world.Flush(asker);
        for (var i = 0; i < StepCountMax; i++)
        {
            if (asker.State.Sending is not { } now || now.Id != id || now.Current.Number != number)
            {
                return null;
            }

            Steps++;
            if (!WayOn.Step(world, end))
            {
                break;
            }
        }

        return $"{asker.Name} wanted the next epoch and did not get it in {MillisMax / 1_000} s";
    }
}

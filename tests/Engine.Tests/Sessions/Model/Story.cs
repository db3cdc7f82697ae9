using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>A world driven by a list of numbers: each chooses what happens next among what can. Any list is a story.</summary>
internal static class Story
{
    internal static World Tell(IReadOnlyList<int> choices)
    {
        var world = World.Create(new WorldOptions { FlushesAtOnce = false, ComputesAtOnce = false, RemembersTold = false });
        foreach (var choice in choices)
        {
            Step(world, choice);
        }

        return world;
    }

    /// <summary>Ends all faults and lets time pass until nothing is owed.</summary>
    internal static World Settle(this World world)
    {
        world.Run();
        return world.Pass(TimeSpan.FromHours(2).Ticks / TimeSpan.TicksPerMillisecond);
    }

    private static void Step(World world, int choice)
    {
        var (which, what) = Math.DivRem(choice & int.MaxValue, 16);
        var side = which % 2 == 0 ? world.A : world.B;
        var packet = world.Network.Count > 0 ? world.Network[which % world.Network.Count] : null;
        switch (what)
        {
            case 0 or 1:
                world.Send(side, $"{side.Name}{++side.Sent}");
                break;
            case 2 or 3 or 4 or 5 when packet is not null:
                world.Deliver(packet);
                break;
            case 6 when packet is not null:
                world.Deliver(packet, keep: true);
                break;
            case 7 when packet is not null:
                world.Network.Remove(packet);
                break;
            case 8 or 9 or 10:
                world.Flush(side);
                break;
            case 11 when side.Computes.Count > 0:
                world.Compute(side);
                break;
            case 12:
                world.Do(side, new PeerCommand.Connect(Fresh: which % 4 < 2));
                break;
            case 13:
                world.Do(side, new PeerCommand.Rekey());
                break;
            case 14 when which % 4 < 2:
                world.Crash(side);
                break;
            case 15 when side.Deadline.Value - world.Now < 600_000:
                world.Tick(side);
                break;
            default:
                break;      // nothing of that kind can happen now
        }
    }
}

namespace Kyberium.Simulation.Acts;

/// <summary>What goes wrong at a moment. What goes wrong all the time, as a share of frames or flushes, is drawn by the scenario.</summary>
internal static class Troubles
{
    private const long Second = 1_000_000;
    private const int BurstCount = 100;
    private const long Minute = 60 * Second;

    internal static IReadOnlyList<Act> All { get; } =
    [
        new(5, Faults.Crash, "crash", static (cast, node) => node.CrashWithin(cast.Choices.Pick([0, 10, 200]))),
        new(1, Faults.Restarts, "restart", static (_, node) => node.Restart()),
        new(1, Faults.ClockJumps, "clock jumps by hours", static (cast, node) => node.SetClock(cast.Choices.Between(-26L * 3_600 * Second, 26L * 3_600 * Second))),
        new(1, Faults.ClockJumps, "clock jumps by seconds", static (cast, node) => node.SetClock(cast.Choices.Between(-5 * Second, 5 * Second))),
        new(2, Faults.Partition, "partition", static (cast, node) => cast.Network.Cut(
            node.Name, cast.Other(node).Name, cast.Choices.Chance(0.6),
            cast.Choices.Between(100_000, cast.Choices.Chance(0.1) ? 5 * Minute : 30 * Second))),
        new(1, Faults.Flapping, "flapping partition", static (cast, node) => cast.Network.Flap(
            node.Name, cast.Other(node).Name, cast.Choices.Chance(0.6), cast.Choices.Between(50_000, 3 * Second), cast.Choices.Below(12))),
        new(1, Faults.SlowDisk, "slow disk", static (cast, node) => node.SlowDisk(cast.Choices.Between(100_000, 15 * Second))),
        new(1, Faults.Bursts, "burst", static (cast, node) =>
        {
            var peer = cast.Other(node);
            for (var sent = 0; sent < BurstCount; sent++)
            {
                cast.Application.Send(node, peer);
                cast.Application.Seal(node, peer);
            }
        }),
        new(1, Faults.NewerVersions, "newer version", static (cast, _) =>
        {
            cast.Network.SendNewerVersion();
            cast.Application.OpenNewerVersion();
        }),
        new(1, Faults.TwoOwners, "two owners", static (cast, node) => node.PauseAndReplace(cast.Choices.Between(0, 5 * Second))),
        new(2, Faults.Moves, "move", static (cast, node) => node.MoveShard(cast.Choices.Between(0, 3 * Second))),
        new(1, Faults.Moves, "lease over", static (cast, node) => node.LoseLease(cast.Choices.Between(0, 2 * Second), cast.Choices.Between(0, 3 * Second))),
        new(1, Faults.BitRot, "bit rot", static (_, node) => node.CrashAndRot()),
        new(1, Faults.Suspension, "suspend", static (cast, node) => cast.Application.Suspend(node, cast.Other(node))),
        new(1, Faults.Suspension, "resume", static (cast, node) => cast.Application.ResumeSome(node, cast.Nodes)),
        new(2, Faults.OlderStore, "older store", static (cast, node) =>
        {
            cast.Application.Checkpoint(node);
            cast.World.After(null, 2 * Second, node.CrashOntoOlderStore);
        }),
    ];
}

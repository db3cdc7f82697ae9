namespace Kyberium.Simulation.Acts;

/// <summary>What the owners of the nodes do.</summary>
internal static class Commands
{
    internal static IReadOnlyList<Act> All { get; } =
    [
        new(45, Faults.None, "send", static (cast, node) =>
        {
            var peer = cast.Other(node);
            for (var burst = cast.Choices.Chance(0.1) ? cast.Choices.Below(60) : 1; burst > 0; burst--)
            {
                cast.Application.Send(node, peer);
            }
        }),
        new(25, Faults.None, "seal", static (cast, node) => cast.Application.Seal(node, cast.Other(node))),
        new(8, Faults.None, "open again", static (cast, _) => cast.Application.OpenAgain()),
        new(5, Faults.None, "replay", static (cast, _) => cast.Network.Replay()),
        new(4, Faults.None, "rekey", static (cast, node) => cast.Application.Rekey(node, cast.Other(node))),
        new(2, Faults.None, "close", static (cast, node) => cast.Application.Close(node, cast.Other(node))),
        new(3, Faults.None, "connect", static (cast, node) => cast.Application.Connect(node, cast.Other(node))),
        new(2, Faults.None, "checkpoint", static (cast, node) => cast.Application.Checkpoint(node)),
        new(6, Faults.None, "look", static (cast, node) => cast.Application.Look(node, cast.Other(node))),
    ];
}

using Kyberium.Engine;

namespace Kyberium.Host.Demo;

/// <summary>What can go wrong with the demo besides its result, each with what to do next.</summary>
internal static class DemoErrors
{
    internal static EngineException NodeFailed(string name, string why) =>
        new(EngineErrorCode.EngineStopping, $"the demo's node {name} reported: {why}; run the demo again with --keep and look at its folder");

    internal static EngineException NodeEnded(string name, string why) =>
        new(EngineErrorCode.EngineStopping, $"the demo's node {name} ended by itself ({why}); run the demo again with --keep and look at its folder");

    internal static EngineException Standstill(TimeSpan after, string folder) =>
        new(EngineErrorCode.EngineStopping,
            $"the demo's nodes said nothing for {after.TotalSeconds:0} s; is the machine overloaded? Their data is in '{folder}' when --keep is given");

    internal static EngineException KillsOutOfRange(int kills, int max) =>
        new(EngineErrorCode.RequestInvalid, $"--kills is {kills}; with this file it must be 0 to {max}");
}

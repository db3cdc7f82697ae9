using Kyberium.Engine.Tests.Sessions.Model;

namespace Kyberium.Engine.Tests.Sessions.Exploration;

/// <summary>The scenarios that the suite explores.</summary>
internal static class Scenarios
{
    /// <summary>Set to 1 to explore far: minutes instead of seconds.</summary>
    internal const string LongVariable = "KYBERIUM_EXPLORE_LONG";

    private static readonly WorldOptions AtOnce = new() { RemembersTold = false };
    private static readonly WorldOptions StepByStep = AtOnce with { FlushesAtOnce = false, ComputesAtOnce = false };

    internal static bool IsLong => Environment.GetEnvironmentVariable(LongVariable) == "1";

    internal static IReadOnlyDictionary<string, Scenario> All { get; } = Make().ToDictionary(scenario => scenario.Name);

    private static IEnumerable<Scenario> Make()
    {
        var limit = IsLong ? 60_000 : 3_000;
        var all = new Scenario[]
        {
            new("handshake, one side starts") { World = StepByStep, Budget = new Budget { ConnectsA = 1, SendsB = 1, Drops = 1, CrashesA = 1, Ticks = 1 } },
            new("handshake, both start") { World = AtOnce, Budget = new Budget { ConnectsA = 1, ConnectsB = 1, Drops = 1, Duplicates = 1, Reorders = 1, Ticks = 1 } },
            new("handshake, both start, crashes") { World = StepByStep, Budget = new Budget { ConnectsA = 1, ConnectsB = 1, CrashesA = 1, CrashesB = 1 } },
            // Each side may be left with a session that the other lost before it was answered: nobody waits a quarter of an hour for that.
            new("handshake, lost by who started it") { WayOnMillisMax = 60_000, World = AtOnce, Budget = new Budget { ConnectsA = 1, ConnectsB = 1, CrashesA = 1, CrashesB = 1 } },
            // A session that works is not left for one that may not: nobody has to notice that after a quarter of an hour.
            new("new session over a live one") { WayOnMillisMax = 10L * 60_000, World = AtOnce, StartsConnected = true, Budget = new Budget { ConnectsA = 1, ConnectsB = 1, Drops = 1, SendsA = 1, CrashesA = 1, Ticks = 1 } },
            new("rekey, one side starts") { World = StepByStep, StartsConnected = true, Budget = new Budget { RekeysA = 1, Drops = 1, CrashesA = 1, CrashesB = 1, Ticks = 1 } },
            new("rekey, both start") { World = AtOnce, StartsConnected = true, Budget = new Budget { RekeysA = 1, RekeysB = 1, Drops = 1, Duplicates = 1, Reorders = 1, Ticks = 1 } },
            new("rekey, both start, crashes") { World = AtOnce, StartsConnected = true, Budget = new Budget { RekeysA = 1, RekeysB = 1, CrashesA = 1, CrashesB = 1, Drops = 1, Ticks = 1 } },
            new("rekeys and messages") { World = AtOnce, StartsConnected = true, Budget = new Budget { RekeysA = 2, RekeysB = 1, SendsA = 1, SendsB = 1, CrashesB = 1, Ticks = 1 } },
            new("rekey, then time passes") { World = AtOnce, StartsConnected = true, Budget = new Budget { RekeysA = 1, SendsB = 1, Drops = 1, Ticks = 2 } },
            new("rekey beside a new session") { World = AtOnce, StartsConnected = true, Budget = new Budget { RekeysA = 1, ConnectsB = 1, SendsA = 1, Drops = 1, CrashesA = 1, Ticks = 1 } },
            new("rekey and new session by one side") { World = AtOnce, StartsConnected = true, Budget = new Budget { RekeysA = 1, ConnectsA = 1, SendsB = 1, Drops = 1, CrashesB = 1, Ticks = 1 } },
            new("delivery") { World = AtOnce, StartsConnected = true, Budget = new Budget { SendsA = 3, Drops = 1, Duplicates = 1, Reorders = 2, Ticks = 1 } },
            new("delivery, crashes") { World = StepByStep, StartsConnected = true, Budget = new Budget { SendsA = 2, SendsB = 1, CrashesA = 1, CrashesB = 1, Drops = 1, Ticks = 1 } },
            new("delivery, expiry") { World = StepByStep, StartsConnected = true, Budget = new Budget { SendsA = 2, Expiries = 2, Drops = 1, CrashesB = 1, Reorders = 1 } },
            new("delivery, receiver rolled back unnoticed") { World = AtOnce, StartsConnected = true, Budget = new Budget { SendsA = 3, SendsB = 1, RollbacksB = 1, Drops = 1, Ticks = 1 } },
            new("delivery, sender rolled back unnoticed") { World = AtOnce, StartsConnected = true, Budget = new Budget { SendsA = 3, SendsB = 1, RollbacksA = 1, Drops = 1, Ticks = 1 } },
            new("delivery, store rolled back and noticed") { World = AtOnce, StartsConnected = true, Budget = new Budget { SendsA = 2, SendsB = 2, RollbacksA = 1, RollbacksAreNoticed = true, Drops = 1 } },
            new("delivery, sender starts a new stream") { World = AtOnce, StartsConnected = true, Budget = new Budget { SendsA = 2, ResetsA = 1, Drops = 1, Reorders = 2, Duplicates = 1, CrashesB = 1 } },
            new("delivery, sender rolled back unnoticed to before a new stream") { World = AtOnce, StartsConnected = true, Budget = new Budget { SendsA = 2, ResetsA = 1, RollbacksA = 1 } },
            new("delivery, one new stream overtakes another") { World = AtOnce, StartsConnected = true, Budget = new Budget { SendsA = 1, ResetsA = 2, Drops = 1, Reorders = 2 } },
            new("delivery, both operators start the stream anew") { World = AtOnce, StartsConnected = true, Budget = new Budget { SendsA = 2, ResetsA = 1, ResetsB = 1, Drops = 1, Reorders = 2 } },
            new("handshakes from both sides, and a new stream") { World = AtOnce, Budget = new Budget { ConnectsA = 1, ConnectsB = 1, ResetsA = 1, Reorders = 2 } },
            new("the sender's operator removes the peer and adds it again") { World = AtOnce, Budget = new Budget { ConnectsA = 2, ConnectsB = 1, RemovalsA = 1, Reorders = 2 } },
            new("the receiver's operator removes the peer and adds it again") { World = AtOnce, StartsConnected = true, Budget = new Budget { SendsA = 1, ConnectsA = 1, ConnectsB = 1, RemovalsB = 1, Reorders = 2 } },
        };
        return all.Select(scenario => scenario with { StateCountMax = limit });
    }
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Tests.Sessions.Model;

namespace Kyberium.Engine.Tests.Sessions.Exploration;

/// <summary>Where an exploration starts and what may happen in it, each thing at most so often.</summary>
internal sealed record Scenario(string Name)
{
    internal WorldOptions World { get; init; } = new() { RemembersTold = false };

    /// <summary>Gets whether the two sides share a session, and have each delivered one message, before the first choice.</summary>
    internal bool StartsConnected { get; init; }

    internal Budget Budget { get; init; }

    /// <summary>Gets how long the way on from any state may take.</summary>
    internal long WayOnMillisMax { get; init; } = 40L * 60_000;

    /// <summary>Gets how many states are visited at most; an exploration that is cut short says so.</summary>
    internal int StateCountMax { get; init; } = 200_000;
}

/// <summary>How often each choice may still be made.</summary>
internal readonly record struct Budget
{
    internal int SendsA { get; init; }

    internal int SendsB { get; init; }

    internal int RekeysA { get; init; }

    internal int RekeysB { get; init; }

    internal int ConnectsA { get; init; }

    internal int ConnectsB { get; init; }

    internal int Drops { get; init; }

    internal int Duplicates { get; init; }

    internal int Reorders { get; init; }

    internal int CrashesA { get; init; }

    internal int CrashesB { get; init; }

    internal int Ticks { get; init; }

    internal int Expiries { get; init; }

    /// <summary>Gets how often A's operator starts a new stream.</summary>
    internal int ResetsA { get; init; }

    /// <summary>Gets how often B's operator has A's stream taken up anew.</summary>
    internal int ResetsB { get; init; }

    /// <summary>Gets how often A's operator removes B and adds it again.</summary>
    internal int RemovalsA { get; init; }

    internal int RemovalsB { get; init; }

    internal int RollbacksA { get; init; }

    internal int RollbacksB { get; init; }

    internal bool RollbacksAreNoticed { get; init; }
}

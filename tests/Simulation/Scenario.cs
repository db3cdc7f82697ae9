using System.Globalization;
using System.Reflection;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation;

/// <summary>The kinds of trouble a seed may draw. A failing seed is run again without each, to see which it needs.</summary>
[Flags]
internal enum Faults
{
    None = 0,
    Crash = 1,
    LostWrites = 2,
    FlushErrors = 4,
    Loss = 8,
    Duplication = 16,
    Mutation = 32,
    Partition = 64,
    ClockJumps = 128,
    Restarts = 256,
    Suspension = 512,
    OlderStore = 1_024,
    FullDisk = 2_048,
    SlowDisk = 1 << 12,
    Flapping = 1 << 13,
    Drift = 1 << 14,
    Bursts = 1 << 15,
    NewerVersions = 1 << 16,
    BitRot = 1 << 17,
    TwoOwners = 1 << 18,
    Moves = 1 << 19,

    // What operators do, and what becomes of whole nodes (Nodes/OperatorPlan.cs).
    StreamResets = 1 << 20,
    Removals = 1 << 21,
    LostNodes = 1 << 22,
    AcceptedStores = 1 << 23,
    Rotations = 1 << 24,
    Expiries = 1 << 25,
    TemplateChanges = 1 << 26,
    Operators = StreamResets | Removals | LostNodes | AcceptedStores | Rotations | Expiries | TemplateChanges,
    All = 0xF_FFFF | Operators,
}

/// <summary>What one seed draws before the world begins: how many nodes, how bad the network, how small the bounds.</summary>
internal sealed record Scenario
{
    internal required int Nodes { get; init; }

    internal required int Shards { get; init; }

    internal required int ResidentPeersMax { get; init; }

    internal required int MailboxCountMax { get; init; }

    internal required int BatchCountMax { get; init; }

    internal required int InFlightCountMax { get; init; }

    internal required int EarlyCountMax { get; init; }

    internal required TimeSpan CheckpointInterval { get; init; }

    internal required double Sluggishness { get; init; }

    internal required double Loss { get; init; }

    internal required double Duplication { get; init; }

    internal required double Mutation { get; init; }

    internal required double FlushErrors { get; init; }

    internal required long LatencyMicrosMax { get; init; }

    internal required long DiskMicrosMax { get; init; }

    /// <summary>Gets the mean time between commands, all nodes together.</summary>
    internal required long CommandMicros { get; init; }

    /// <summary>Gets the mean time between troubles: crashes, restarts, partitions, clock jumps.</summary>
    internal required long TroubleMicros { get; init; }

    internal required int SnapshotsPerCommitMax { get; init; }

    /// <summary>Gets how long a node stays down at most.</summary>
    internal required long RestartMicrosMax { get; init; }

    /// <summary>Gets whether this is a short world: as much trouble in less time.</summary>
    internal required bool IsShort { get; init; }

    /// <summary>Gets whether the world rests at its end until everything old has run out, to see what is left in memory.</summary>
    internal required bool Rests { get; init; }

    internal required Faults Faults { get; init; }

    // A record prints what is public.
    public override string ToString() => string.Join(", ", typeof(Scenario).GetProperties(BindingFlags.Instance | BindingFlags.NonPublic)
        .Where(property => property.PropertyType != typeof(Type))
        .Select(property => string.Create(CultureInfo.InvariantCulture, $"{property.Name} {property.GetValue(this)}")));

    internal bool Has(Faults fault) => (Faults & fault) != 0;

    /// <summary>Draws a seed's scenario.</summary>
    /// <param name="allowed">The faults that may happen.</param>
    /// <param name="isShort">Whether commands and troubles come three times as often, and few worlds rest: what was a minute fits into ten
    /// seconds, so that a search sees more seeds in its time.</param>
    internal static Scenario Draw(ulong seed, Faults allowed, bool isShort = false)
    {
        var choices = SeededChoices.For(seed, "scenario");
        var calm = choices.Chance(0.1);
        return new Scenario
        {
            Nodes = choices.Chance(0.6) ? 2 : choices.Chance(0.6) ? 3 : 4,
            Shards = choices.Pick([1, 1, 2, 3]),
            ResidentPeersMax = choices.Pick([1, 2, 2, 100]),
            MailboxCountMax = choices.Pick([4, 16, 64, 1024]),
            BatchCountMax = choices.Pick([1, 2, 4]),
            InFlightCountMax = choices.Pick([1, 4, 16, 512]),
            EarlyCountMax = choices.Pick([0, 2, 16, 256]),
            CheckpointInterval = TimeSpan.FromSeconds(choices.Pick([1, 3, 10, 30])),
            Sluggishness = choices.Pick([0, 0.001, 0.01, 0.1]),
            Loss = calm ? 0 : choices.Pick([0, 0.02, 0.1, 0.3]),
            Duplication = calm ? 0 : choices.Pick([0, 0.02, 0.2]),
            Mutation = calm ? 0 : choices.Pick([0, 0, 0.02]),
            FlushErrors = calm ? 0 : choices.Pick([0, 0, 0.001, 0.01]),
            LatencyMicrosMax = choices.Pick([1_000, 20_000, 300_000, 3_000_000]),
            DiskMicrosMax = choices.Pick([100, 2_000, 20_000, 200_000]),
            CommandMicros = choices.Pick<long>(isShort ? [100_000, 400_000, 1_500_000] : [200_000, 1_000_000, 4_000_000]),
            TroubleMicros = choices.Pick<long>(isShort ? [700_000, 2_500_000, 8_000_000] : [3_000_000, 15_000_000, 60_000_000]),
            RestartMicrosMax = isShort ? 3_000_000 : 20_000_000,
            IsShort = isShort,
            Rests = !isShort || choices.Chance(0.1),
            SnapshotsPerCommitMax = choices.Pick([1, 1, 2, 256]),
            Faults = allowed,
        };
    }
}

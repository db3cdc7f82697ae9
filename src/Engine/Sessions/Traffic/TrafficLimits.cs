namespace Kyberium.Engine.Sessions.Traffic;

/// <summary>Bounds of one epoch's traffic, each direction for itself; docs/formats/envelope.md. Validated and immutable.</summary>
internal sealed record TrafficLimits
{
    /// <summary>Sequences from here on are refused by every receiver.</summary>
    internal const ulong SequenceEnd = 1UL << 23;

    /// <summary>A reservation reaches at most this far above an authenticated sequence, and a sender skips no further.</summary>
    internal const ulong ReachMax = 1UL << 16;

    /// <summary>From here on an epoch wants a rekey.</summary>
    internal const int IncarnationsSoft = 192;

    /// <summary>Incarnations beyond this open idempotent types only, and nothing is kept of them.</summary>
    internal const int IncarnationsHard = 256;

    internal static TrafficLimits Default { get; } = new();

    /// <summary>Gets the records after which a rekey is wanted.</summary>
    internal long RecordsSoft { get; init; } = 1L << 22;

    /// <summary>Gets the records after which types 1, 2 and 8 wait.</summary>
    internal long RecordsHard { get; init; } = 1L << 23;

    /// <summary>Gets the plaintext bytes after which a rekey is wanted.</summary>
    internal long BytesSoft { get; init; } = 1L << 36;

    /// <summary>Gets the plaintext bytes after which types 1, 2 and 8 wait.</summary>
    internal long BytesHard { get; init; } = 1L << 37;

    /// <summary>Gets the failed opens after which a rekey is wanted.</summary>
    internal long FailedOpensSoft { get; init; } = 1L << 36;

    /// <summary>Gets the failed opens after which the epoch opens nothing more.</summary>
    internal long FailedOpensHard { get; init; } = 1L << 44;

    /// <summary>Gets how far a reservation reaches above the sequence that asks for it, at most <see cref="ReachMax"/> − 1.</summary>
    internal ulong ReservationReach { get; init; } = ReachMax - 1;

    /// <summary>Gets how many incarnations have a window in memory; 1 or more.</summary>
    internal int OpenIncarnationsMax { get; init; } = 8;

    /// <summary>Gets how many incarnations of one epoch have a keyed cipher at once; 1 or more.</summary>
    internal int KeyedIncarnationsMax { get; init; } = 2;
}

/// <summary>What an epoch has sealed in one direction; kept with the session so that limits outlive a restart.</summary>
/// <param name="Records">Records of every type.</param>
/// <param name="Bytes">Their plaintext bytes.</param>
internal readonly record struct TrafficUsage(long Records, long Bytes);

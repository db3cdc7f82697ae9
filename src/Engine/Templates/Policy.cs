namespace Kyberium.Engine.Templates;

/// <summary>What a template says for a peer, whole and immutable. Frozen into the peer's state by <see cref="PolicyEncoding"/>.</summary>
internal sealed record Policy
{
    /// <summary>Gets the suites allowed, the preferred one first.</summary>
    internal required ValueList<Suite> Suites { get; init; }

    /// <summary>Gets whether only hybrid suites may be used.</summary>
    internal required bool RequireHybrid { get; init; }

    /// <summary>Gets when an epoch asks for its successor and when it stops (PROTOCOL section 6).</summary>
    internal required RekeyLimits Rekey { get; init; }

    /// <summary>Gets how long the previous epoch still opens.</summary>
    internal required TimeSpan PreviousEpochKeep { get; init; }

    internal required UnchainedHandshake UnchainedHandshake { get; init; }

    /// <summary>Gets whether a peer that is not pinned is pinned by its first handshake.</summary>
    internal required bool TrustOnFirstUse { get; init; }

    internal required Padding Padding { get; init; }

    /// <summary>Gets how long a durable message waits for its acknowledgement unless its sender says otherwise.</summary>
    internal required TimeSpan MessageExpiry { get; init; }

    internal required QueueLimits Outbox { get; init; }

    internal required QueueLimits Inbox { get; init; }

    internal required int PayloadBytesMax { get; init; }

    /// <summary>Gets how often the application may fail a message before it is set aside.</summary>
    internal required int HandlerAttemptsMax { get; init; }

    internal required ResendPolicy Resend { get; init; }

    internal required AeadProviderChoice AeadProvider { get; init; }
}

/// <summary>Names a template as it stood when a policy was frozen.</summary>
/// <param name="Id">1 to 64 of <c>a–z 0–9 -</c>.</param>
/// <param name="Version">1 or more; rises with each change of the template.</param>
internal readonly record struct TemplateRef(string Id, int Version);

/// <summary>A policy as a peer's state keeps it, with where it came from.</summary>
internal sealed record FrozenPolicy(TemplateRef Template, Policy Policy);

/// <summary>A template after its ancestors were merged in.</summary>
internal sealed record Template(TemplateRef Ref, string Description, Policy Policy);

/// <summary>Soft: a rekey starts. Hard: data waits for it.</summary>
internal sealed record RekeyLimits(
    TimeSpan AgeSoft, TimeSpan AgeHard, long RecordsSoft, long RecordsHard, long BytesSoft, long BytesHard);

/// <summary>How much may wait, per peer.</summary>
internal sealed record QueueLimits(int CountMax, long BytesMax);

/// <summary>Resending starts after <paramref name="Initial"/> and doubles up to <paramref name="BackOffMax"/>.</summary>
internal sealed record ResendPolicy(TimeSpan Initial, TimeSpan BackOffMax);

/// <summary>What a new handshake over a live session does (PROTOCOL section 2). The numbers are stored.</summary>
internal enum UnchainedHandshake
{
    Allow = 1,
    Hold = 2,
    Refuse = 3,
}

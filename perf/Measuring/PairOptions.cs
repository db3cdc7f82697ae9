using Kyberium.Engine;

namespace Kyberium.Measuring;

/// <summary>What two engines are made for.</summary>
internal sealed record PairOptions
{
    /// <summary>Gets how many sessions there are between them.</summary>
    internal int Sessions { get; init; } = 1;

    internal StoreKind Store { get; init; } = StoreKind.Memory;

    /// <summary>Gets what opens the journal of a side, <c>left</c> or <c>right</c>, in place of <see cref="Store"/>.</summary>
    internal Func<string, CancellationToken, Task<IJournal>>? OpenJournal { get; init; }

    /// <summary>Gets whether the sessions are made; without, the peers only know each other.</summary>
    internal bool Connects { get; init; } = true;

    /// <summary>Gets which AES-GCM seals.</summary>
    internal AeadProviderChoice Aead { get; init; } = AeadProviderChoice.Platform;

    /// <summary>Gets the suite. Traffic costs the same under each; this one's handshake takes a tenth of the hybrid ones'.</summary>
    internal Suite Suite { get; init; } = Suite.MLKem768;

    /// <summary>Gets what else the engines are told.</summary>
    internal Action<EngineOptions>? Configure { get; init; }
}

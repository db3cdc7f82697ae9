using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>Which code computes. HOCON: <c>kyberium.engine.cryptography</c>.</summary>
public sealed class CryptographyOptions
{
    /// <summary>Gets or sets which code seals the records of peers whose template leaves it open, and all that lies at
    /// rest. Default platform.</summary>
    /// <remarks>HOCON: <c>aead-provider</c>. A template that says <c>platform</c> keeps the platform's for its peers'
    /// records whatever stands here; the store is sealed by what stands here. With <see cref="AeadProviderChoice.Intrinsics"/> an engine does not start on a processor without the
    /// instructions: <see cref="EngineErrorCode.ProviderUnavailable"/>.</remarks>
    public AeadProviderChoice AeadProvider { get; set; } = AeadProviderChoice.Platform;

    /// <summary>Gets or sets who holds the ML-KEM part of private keys: <c>managed</c>, the engine's own code, or <c>platform</c>, the
    /// system's library. Default managed.</summary>
    /// <remarks>HOCON: <c>ml-kem-provider</c>. Both give the same keys and secrets; the platform's is checked by known answers at each
    /// start, and an engine whose platform has none does not start.</remarks>
    public string MlKemProvider { get; set; } = CryptographySettings.Managed;

    internal void Check(OptionProblems problems)
    {
        problems.IsOneOf(AeadProvider, "kyberium.engine.cryptography.aead-provider");
        if (MlKemProvider is not (CryptographySettings.Managed or CryptographySettings.Platform))
        {
            problems.Add("kyberium.engine.cryptography.ml-kem-provider", MlKemProvider, "must be managed or platform");
        }
    }

    internal CryptographySettings ToSettings() => new(AeadProvider, MlKemProvider);
}

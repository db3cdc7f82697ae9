using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>Which implementations compute. HOCON: <c>kyberium.engine.cryptography</c>.</summary>
public sealed class CryptographyOptions
{
    /// <summary>Gets or sets which code seals the records of peers whose template leaves it open. Default platform.</summary>
    /// <remarks>HOCON: <c>aead-provider</c>. A template that says <c>platform</c> keeps the platform's whatever stands
    /// here. With <see cref="AeadProviderChoice.Intrinsics"/> an engine does not start on a processor without the
    /// instructions: <see cref="EngineErrorCode.ProviderUnavailable"/>.</remarks>
    public AeadProviderChoice AeadProvider { get; set; } = AeadProviderChoice.Platform;

    internal void Check(OptionProblems problems) =>
        problems.IsOneOf(AeadProvider, "kyberium.engine.cryptography.aead-provider");

    internal CryptographySettings ToSettings() => new(AeadProvider);
}

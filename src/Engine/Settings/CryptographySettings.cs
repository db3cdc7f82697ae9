namespace Kyberium.Engine.Settings;

/// <summary>Which implementations compute. Validated and immutable.</summary>
internal sealed record CryptographySettings(AeadProviderChoice AeadProvider);

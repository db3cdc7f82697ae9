namespace Kyberium.Engine.Settings;

/// <summary>Which code computes. Validated and immutable.</summary>
internal sealed record CryptographySettings(AeadProviderChoice AeadProvider, string MlKemProvider)
{
    internal const string Managed = "managed";
    internal const string Platform = "platform";
}

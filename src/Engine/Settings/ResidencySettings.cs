namespace Kyberium.Engine.Settings;

/// <summary>What stays in memory. Validated and immutable.</summary>
internal sealed record ResidencySettings(int ResidentPeersMax, int KeyedAeadMax);

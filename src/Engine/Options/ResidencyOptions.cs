using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>What stays in memory. HOCON: <c>kyberium.engine.residency</c>.</summary>
public sealed class ResidencyOptions
{
    /// <summary>Gets or sets how many peers are in memory before the least recently used are passivated. Default
    /// 100,000; 1 to 10,000,000.</summary>
    /// <remarks>HOCON: <c>resident-peers-max</c>. A resident idle peer takes up to 1.5 KiB: the default is 150
    /// MB.</remarks>
    public int ResidentPeersMax { get; set; } = 100_000;

    /// <summary>Gets or sets how many keyed AEAD instances are kept. Default 20,000; 2 to 10,000,000.</summary>
    /// <remarks>HOCON: <c>keyed-aead-max</c>. A pair takes 2.5 KB of native memory and about 2 microseconds to make:
    /// the default is 25 MB. Over the processor's instructions it takes 0.9 KB and half a microsecond.</remarks>
    public int KeyedAeadMax { get; set; } = 20_000;

    internal void Check(OptionProblems problems)
    {
        problems.InRange(ResidentPeersMax, 1, 10_000_000, "kyberium.engine.residency.resident-peers-max");
        problems.InRange(KeyedAeadMax, 2, 10_000_000, "kyberium.engine.residency.keyed-aead-max");
    }

    internal ResidencySettings ToSettings() => new(ResidentPeersMax, KeyedAeadMax);
}

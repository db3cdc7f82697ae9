namespace Kyberium.Engine.AspNetCore;

/// <summary>What the link's endpoints allow one request.</summary>
public sealed class KyberiumLinkLimits
{
    /// <summary>Gets or sets how many bytes one request may have. Default 4 MiB; at least the batches of the peers,
    /// <c>kyberium.engine.links.batch-bytes-max</c>, and their lengths.</summary>
    public int RequestBytesMax { get; init; } = 4 << 20;

    /// <summary>Gets or sets how many bytes of handed back envelopes a response may have. Default 256 KiB. What finds no room is
    /// dropped; its peer asks again.</summary>
    public int ResponseBytesMax { get; init; } = 256 << 10;
}

using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>How envelopes reach peers. HOCON: <c>kyberium.engine.links</c>.</summary>
public sealed class LinksOptions
{
    /// <summary>Gets or sets how many bytes may wait for one peer's link. Default 4 MiB; 2 MiB to 1 GiB.</summary>
    /// <remarks>HOCON: <c>queue-bytes-max</c>. At least one envelope of the largest size must fit.</remarks>
    public long QueueBytesMax { get; set; } = 4L << 20;

    /// <summary>Gets or sets how long one request to a peer may take. Default 10 s; 100 ms to 5 min.</summary>
    /// <remarks>HOCON: <c>request-timeout</c>. Longer than any healthy round trip, shorter than a caller's
    /// patience.</remarks>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets how large one request to a peer may be. Default 2 MiB; 2 MiB to 64 MiB.</summary>
    /// <remarks>HOCON: <c>batch-bytes-max</c>. At least one envelope of the largest size must fit.</remarks>
    public long BatchBytesMax { get; set; } = 2L << 20;

    /// <summary>Gets or sets how many bytes may wait for all peers without an address together, until they call. Default 64 MiB; 2 MiB to
    /// 16 GiB.</summary>
    /// <remarks>HOCON: <c>return-bytes-max</c>. Each has at most <c>queue-bytes-max</c> of it; what finds no room is sent
    /// again.</remarks>
    public long ReturnBytesMax { get; set; } = 64L << 20;

    /// <summary>Gets or sets how long a call that brings back envelopes is kept open. Default 20 s; 100 ms to 5 min.</summary>
    /// <remarks>HOCON: <c>collect-wait</c>. Only for links over which nobody can call this node; shorter than what proxies on the way
    /// allow.</remarks>
    public TimeSpan CollectWait { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Gets or sets how long an address that failed is left alone at first. Default 1 s; 100 ms to
    /// <see cref="FailOverMax"/>.</summary>
    /// <remarks>HOCON: <c>fail-over-initial</c>. Doubles with each failure.</remarks>
    public TimeSpan FailOverInitial { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets how long an address that fails is left alone at most. Default 60 s; 100 ms to 1
    /// h.</summary>
    /// <remarks>HOCON: <c>fail-over-max</c>. An address that comes back is used again within a minute.</remarks>
    public TimeSpan FailOverMax { get; set; } = TimeSpan.FromSeconds(60);

    internal void Check(OptionProblems problems)
    {
        problems.InRange(QueueBytesMax, 2L << 20, 1L << 30, "kyberium.engine.links.queue-bytes-max");
        problems.InRange(
            RequestTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5), "kyberium.engine.links.request-timeout");
        problems.InRange(BatchBytesMax, 2L << 20, 64L << 20, "kyberium.engine.links.batch-bytes-max");
        problems.InRange(ReturnBytesMax, 2L << 20, 16L << 30, "kyberium.engine.links.return-bytes-max");
        problems.InRange(
            CollectWait, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5), "kyberium.engine.links.collect-wait");
        problems.InRange(
            FailOverInitial, TimeSpan.FromMilliseconds(100), FailOverMax, "kyberium.engine.links.fail-over-initial");
        problems.InRange(
            FailOverMax, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1), "kyberium.engine.links.fail-over-max");
    }

    internal LinksSettings ToSettings() =>
        new(QueueBytesMax, RequestTimeout, BatchBytesMax, ReturnBytesMax, CollectWait, FailOverInitial, FailOverMax);
}

using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>How streams are cut into batches. HOCON: <c>kyberium.engine.pipeline</c>.</summary>
public sealed class PipelineOptions
{
    /// <summary>Gets or sets how many messages of one stream may be unanswered. Default 1,024; 1 to 65,536.</summary>
    /// <remarks>HOCON: <c>in-flight-max</c>. The credit that makes a fast producer wait.</remarks>
    public int InFlightMax { get; set; } = 1_024;

    /// <summary>Gets or sets how many messages one batch holds. Default 256; 1 to <see cref="InFlightMax"/>.</summary>
    /// <remarks>HOCON: <c>batch-count-max</c>. Beyond 256 only latency grows.</remarks>
    public int BatchCountMax { get; set; } = 256;

    /// <summary>Gets or sets how large a batch grows before it goes. A single larger message goes alone. Default 1 MiB;
    /// 64 KiB to 64 MiB.</summary>
    /// <remarks>HOCON: <c>batch-bytes-max</c>. Keeps a batch within the cache.</remarks>
    public long BatchBytesMax { get; set; } = 1L << 20;

    /// <summary>Gets or sets how long a batch waits for more messages. 0 takes what is there. Default 1 ms; 0 ms to 1
    /// s.</summary>
    /// <remarks>HOCON: <c>batch-age-max</c>. A millisecond is a tenth of what one flush takes on a slow disk.</remarks>
    public TimeSpan BatchAgeMax { get; set; } = TimeSpan.FromMilliseconds(1);

    internal void Check(OptionProblems problems)
    {
        problems.InRange(InFlightMax, 1, 65_536, "kyberium.engine.pipeline.in-flight-max");
        problems.InRange(BatchCountMax, 1, InFlightMax, "kyberium.engine.pipeline.batch-count-max");
        problems.InRange(BatchBytesMax, 64L << 10, 64L << 20, "kyberium.engine.pipeline.batch-bytes-max");
        problems.InRange(
            BatchAgeMax, TimeSpan.FromMilliseconds(0), TimeSpan.FromSeconds(1), "kyberium.engine.pipeline.batch-age-max");
    }

    internal PipelineSettings ToSettings() => new(InFlightMax, BatchCountMax, BatchBytesMax, BatchAgeMax);
}

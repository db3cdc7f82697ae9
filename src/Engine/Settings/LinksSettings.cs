namespace Kyberium.Engine.Settings;

/// <summary>How envelopes reach peers. Validated and immutable.</summary>
internal sealed record LinksSettings(
    long QueueBytesMax, TimeSpan RequestTimeout, long BatchBytesMax, long ReturnBytesMax, TimeSpan CollectWait,
    TimeSpan FailOverInitial, TimeSpan FailOverMax);

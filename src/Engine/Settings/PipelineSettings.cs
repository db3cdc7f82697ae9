namespace Kyberium.Engine.Settings;

/// <summary>How streams are cut into batches. Validated and immutable.</summary>
internal sealed record PipelineSettings(int InFlightMax, int BatchCountMax, long BatchBytesMax, TimeSpan BatchAgeMax);

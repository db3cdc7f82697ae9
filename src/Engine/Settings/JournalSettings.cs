namespace Kyberium.Engine.Settings;

/// <summary>How much a recovery reads and how long keys are used. Validated and immutable.</summary>
internal sealed record JournalSettings(TimeSpan CheckpointInterval, long TailBytesMax, TimeSpan DataKeyAge, int ResealRowsMax);

namespace Kyberium.Engine.Settings;

/// <summary>How much a recovery reads and how long keys are used. Validated and immutable.</summary>
internal sealed record JournalSettings(TimeSpan CheckpointInterval, long TailBytesMax, TimeSpan DataKeyAge, int ResealRowsMax)
{
    /// <summary>Gets how many snapshots go into one commit: a checkpoint of more peers takes several, with traffic between them.</summary>
    internal int SnapshotsPerCommitMax { get; init; } = 256;
}

namespace Kyberium.Engine.Sqlite;

/// <summary>Where and how a <see cref="SqliteJournal"/> keeps its data.</summary>
public sealed class SqliteJournalOptions
{
    /// <summary>Gets or sets the directory that holds the store. Made, for this user only, when it does not exist. Required.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Gets or sets how many connections read at once. Default 4; 1 to 64.</summary>
    public int ReaderCount { get; init; } = 4;

    /// <summary>Gets or sets how many bytes of commits one flush takes at most; a larger single commit goes alone. Default 16 MiB;
    /// 64 KiB to 256 MiB.</summary>
    public int FlushBytesMax { get; init; } = 16 << 20;

    /// <summary>Gets or sets how many calls may wait for a flush; one more fails with <see cref="EngineErrorCode.Overloaded"/>. Default
    /// 65,536; 64 to 1,048,576.</summary>
    public int WaitingCountMax { get; init; } = 65_536;

    /// <summary>Gets or sets whether each flush waits for the disk. Only a test that proves flushing turns it off.</summary>
    internal bool SyncsToDisk { get; init; } = true;

    /// <summary>Gets or sets whether a shard whose log has gaps is read as it lies, so that its first bad record can be named. Nothing may
    /// be written then.</summary>
    internal bool ReadsDamagedShards { get; init; }

    /// <summary>Gets or sets the size of the file in pages at which the disk counts as full; 0: the disk's own.</summary>
    internal long PagesMax { get; init; }

    internal void Check()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(DataDirectory);
        InRange(ReaderCount, 1, 64, nameof(ReaderCount));
        InRange(FlushBytesMax, 64 << 10, 256 << 20, nameof(FlushBytesMax));
        InRange(WaitingCountMax, 64, 1 << 20, nameof(WaitingCountMax));
    }

    private static void InRange(int value, int min, int max, string name)
    {
        if (value < min || value > max)
        {
            throw new EngineException(EngineErrorCode.OptionsInvalid, $"{name} is {value}; allowed are {min} to {max}");
        }
    }
}

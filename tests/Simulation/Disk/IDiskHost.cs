namespace Kyberium.Simulation.Disk;

/// <summary>What a journal waits for.</summary>
internal enum DiskStep
{
    /// <summary>More work may come to share the flush.</summary>
    Gather,

    /// <summary>The bytes reach the disk.</summary>
    Flush,

    /// <summary>A read.</summary>
    Read,

    /// <summary>A caller hears of its outcome.</summary>
    Answer,
}

/// <summary>How a flush ends.</summary>
internal enum FlushOutcome
{
    /// <summary>The bytes are safe.</summary>
    Done,

    /// <summary>It failed and nothing was written.</summary>
    Failed,

    /// <summary>There was no room and nothing was written.</summary>
    Full,

    /// <summary>The bytes are safe, but the answer got lost.</summary>
    DoneUnseen,

    /// <summary>Another journal took the file over meanwhile: the bytes may be there or not.</summary>
    Lost,
}

/// <summary>Where a journal of the simulation runs: who decides when its steps happen and which of them fail.</summary>
internal interface IDiskHost
{
    TaskCreationOptions Completion { get; }

    /// <summary>Gets whether the process lives and does not stand still: only then others wait for its write to end.</summary>
    bool IsRunning { get; }

    void Later(DiskStep step, Action run);

    FlushOutcome DrawFlush();

    void Wrote(LogFrame frame, ReadOnlySpan<byte> bytes);
}

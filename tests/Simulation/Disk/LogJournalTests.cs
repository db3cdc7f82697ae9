using System.Security.Cryptography;
using Kyberium.Conformance;
using Kyberium.Engine;

namespace Kyberium.Simulation.Disk;

/// <summary>The simulation's own journal obeys the contract that the engine relies on, with its steps on the thread pool.</summary>
public sealed class LogJournalTests : JournalConformance
{
    protected override ValueTask<ConformanceStore> CreateStoreAsync() => new(new LogStore());

    private sealed class LogStore : ConformanceStore, IDiskHost
    {
        private readonly VirtualDisk _disk = new();
        private readonly byte[] _newStoreId = RandomNumberGenerator.GetBytes(16);

        public TaskCreationOptions Completion => TaskCreationOptions.RunContinuationsAsynchronously;

        public bool IsRunning => true;

        public override ValueTask<IJournal> OpenAsync() => new(LogJournal.Open(_disk, this, _newStoreId));

        public override ValueTask DisposeAsync() => default;

        public void Later(DiskStep step, Action run) => ThreadPool.UnsafeQueueUserWorkItem(static run => run(), run, preferLocal: false);

        public FlushOutcome DrawFlush() => FlushOutcome.Done;

        void IDiskHost.Wrote(LogFrame frame, ReadOnlySpan<byte> bytes)
        {
        }
    }
}

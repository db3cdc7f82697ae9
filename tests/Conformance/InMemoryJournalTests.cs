using Kyberium.Engine;

namespace Kyberium.Conformance;

public sealed class InMemoryJournalTests : JournalConformance
{
    protected override ValueTask<ConformanceStore> CreateStoreAsync() => new(new InMemoryStore());

    private sealed class InMemoryStore : ConformanceStore
    {
        private InMemoryJournal? _last;

        public override ValueTask<IJournal> OpenAsync() => new(_last = _last?.Reopen() ?? new InMemoryJournal());

        public override ValueTask DisposeAsync() => default;
    }
}

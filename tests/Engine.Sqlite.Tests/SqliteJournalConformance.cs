using Kyberium.Conformance;

namespace Kyberium.Engine.Sqlite.Tests;

public sealed class SqliteJournalConformance : JournalConformance
{
    protected override ValueTask<ConformanceStore> CreateStoreAsync() => new(new SqliteStore());

    private sealed class SqliteStore : ConformanceStore
    {
        private readonly TemporaryDirectory _directory = new();

        public override async ValueTask<IJournal> OpenAsync() => await _directory.OpenAsync();

        public override ValueTask DisposeAsync()
        {
            _directory.Dispose();
            return default;
        }
    }
}

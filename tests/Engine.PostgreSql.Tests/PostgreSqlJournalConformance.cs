using Kyberium.Conformance;

namespace Kyberium.Engine.PostgreSql.Tests;

public sealed class PostgreSqlJournalConformance : JournalConformance
{
    protected override async ValueTask<ConformanceStore> CreateStoreAsync() => new PostgreSqlStore(await PostgresServer.Shared);

    private sealed class PostgreSqlStore(PostgresServer server) : ConformanceStore
    {
        private readonly string _schema = "t" + Guid.NewGuid().ToString("N");

        public override async ValueTask<IJournal> OpenAsync() => await PostgreSqlJournal.OpenAsync(
            new PostgreSqlJournalOptions { ConnectionString = server.ConnectionString, Schema = _schema });

        public override async ValueTask DisposeAsync() => await server.ExecuteAsync($"DROP SCHEMA {_schema} CASCADE");
    }
}

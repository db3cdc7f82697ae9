using Npgsql;

namespace Kyberium.Engine.PostgreSql;

/// <summary>Which database a cluster is kept in.</summary>
public class PostgreSqlClusterOptions
{
    /// <summary>Gets or sets the connection string, as Npgsql takes it: the journal's. Required; never logged.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>Gets or sets the schema: the journal's. Default <c>kyberium</c>.</summary>
    public string Schema { get; init; } = "kyberium";

    /// <summary>Gets or sets the clock. Only its timestamps and timers are used.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal virtual NpgsqlConnectionStringBuilder Check() =>
        new PostgreSqlJournalOptions { ConnectionString = ConnectionString, Schema = Schema, CommandTimeout = TimeSpan.FromSeconds(10) }.Check();

    private protected static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new EngineException(EngineErrorCode.OptionsInvalid, $"{problem}: correct the placement's options");
        }
    }
}

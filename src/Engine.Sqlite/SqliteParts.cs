namespace Kyberium.Engine.Sqlite;

/// <summary>Gives an engine the embedded store.</summary>
public static class SqliteParts
{
    /// <summary>Keeps the journal in SQLite, in <see cref="EngineOptions.DataDirectory"/>.</summary>
    /// <returns>The same parts.</returns>
    public static EngineParts UseSqlite(this EngineParts parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        parts.OpenJournal = OpenAsync;
        return parts;
    }

    /// <summary>Keeps the journal in SQLite, in <see cref="EngineOptions.DataDirectory"/>.</summary>
    public static KyberiumBuilder UseSqlite(this KyberiumBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigureParts((_, parts) => parts.UseSqlite());
    }

    private static async Task<IJournal> OpenAsync(EngineOptions options, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(options.DataDirectory))
        {
            throw new EngineException(
                EngineErrorCode.OptionsInvalid, "kyberium.engine.data-directory is empty; name the directory for the SQLite store");
        }

        return await SqliteJournal.OpenAsync(
            new SqliteJournalOptions { DataDirectory = options.DataDirectory }, cancellationToken).ConfigureAwait(false);
    }
}

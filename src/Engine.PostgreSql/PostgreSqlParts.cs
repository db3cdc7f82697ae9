namespace Kyberium.Engine.PostgreSql;

/// <summary>Gives an engine a journal in PostgreSQL.</summary>
public static class PostgreSqlParts
{
    /// <summary>Keeps the journal in a PostgreSQL database.</summary>
    /// <returns>The same parts.</returns>
    public static EngineParts UsePostgreSql(this EngineParts parts, PostgreSqlJournalOptions options)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(options);
        parts.OpenJournal = async (_, cancellationToken) => await PostgreSqlJournal.OpenAsync(options, cancellationToken).ConfigureAwait(false);
        return parts;
    }

    /// <summary>Keeps the journal in a PostgreSQL database.</summary>
    public static KyberiumBuilder UsePostgreSql(this KyberiumBuilder builder, PostgreSqlJournalOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigureParts((_, parts) => parts.UsePostgreSql(options));
    }
}

using System.Text.RegularExpressions;
using Npgsql;

namespace Kyberium.Engine.PostgreSql;

/// <summary>Which database a <see cref="PostgreSqlJournal"/> works in, and how.</summary>
public sealed partial class PostgreSqlJournalOptions
{
    /// <summary>Gets or sets the connection string, as Npgsql takes it. Required; never logged.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>Gets or sets the schema that holds the journal; made when it does not exist. Default <c>kyberium</c>; a lower-case
    /// identifier of at most 63 characters.</summary>
    public string Schema { get; init; } = "kyberium";

    /// <summary>Gets or sets how many transactions write at once; a shard always goes through the same one. Default 2; 1 to 64.</summary>
    public int WriterCount { get; init; } = 2;

    /// <summary>Gets or sets how many bytes of commits one transaction takes at most; a larger single commit goes alone. Default 4 MiB;
    /// 64 KiB to 64 MiB.</summary>
    public int FlushBytesMax { get; init; } = 4 << 20;

    /// <summary>Gets or sets how many calls may wait for a writer; one more fails with <see cref="EngineErrorCode.Overloaded"/>. Default
    /// 65,536; 64 to 1,048,576.</summary>
    public int WaitingCountMax { get; init; } = 65_536;

    /// <summary>Gets or sets how long commits wait for a database that went away before they fail with
    /// <see cref="EngineErrorCode.JournalUnavailable"/>. Default 60 s; 0 to 1 h.</summary>
    public TimeSpan OutageMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how long the server may work on one call. Default 30 s; 1 s to 1 h.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets the place of this node in its cluster, kept in the same schema: shards are acquired under its lease. Without one the journal
    /// acquires only while no node of a cluster has a lease. Default: none.</summary>
    public PostgreSqlPlacement? Placement { get; init; }

    /// <summary>Gets or sets the clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Gets or sets whether a server that does not wait for its disk is taken. Only tests do.</summary>
    internal bool AcceptsUnsafeServer { get; init; }

    internal NpgsqlConnectionStringBuilder Check()
    {
        InRange(WriterCount, 1, 64, nameof(WriterCount));
        InRange(FlushBytesMax, 64 << 10, 64 << 20, nameof(FlushBytesMax));
        InRange(WaitingCountMax, 64, 1 << 20, nameof(WaitingCountMax));
        InRange(OutageMax.TotalSeconds, 0, 3_600, nameof(OutageMax));
        InRange(CommandTimeout.TotalSeconds, 1, 3_600, nameof(CommandTimeout));
        if (!SchemaName().IsMatch(Schema))
        {
            throw Invalid($"the schema's name '{Schema}' is not a lower-case letter or '_', followed by at most 62 of these and digits");
        }

        try
        {
            return new NpgsqlConnectionStringBuilder(ConnectionString) { CommandTimeout = (int)CommandTimeout.TotalSeconds };
        }
        catch (ArgumentException problem)
        {
            throw Invalid($"the connection string is not one ({problem.Message})");
        }
    }

    private static void InRange(double value, double min, double max, string name)
    {
        if (!(value >= min && value <= max))
        {
            throw Invalid($"{name} is {value:R}; allowed are {min:R} to {max:R}");
        }
    }

    private static EngineException Invalid(string what) => new(EngineErrorCode.OptionsInvalid, $"{what}: correct the journal's options");

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,62}$", RegexOptions.CultureInvariant)]
    private static partial Regex SchemaName();
}

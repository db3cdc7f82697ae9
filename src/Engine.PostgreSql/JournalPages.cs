using Npgsql;
using NpgsqlTypes;

namespace Kyberium.Engine.PostgreSql;

/// <summary>Reads records and entries page by page: between two pages nothing is held, in the database or here.</summary>
internal sealed class JournalPages(Database database)
{
    private const int RowsMax = 512;
    private const int BytesMax = 4 << 20;

    internal async Task<ShardRow?> FindAsync(ShardId shard, CancellationToken cancellationToken) => (await ReadAsync(
        $"SELECT id, fence, truncated, ended FROM {database.Schema}.shard WHERE name = $1 AND number = $2",
        static reader => (ShardRow?)new ShardRow(
            reader.GetInt32(0),
            new ShardExtent(new Fence(reader.GetInt64(1)), new LogPosition(reader.GetInt64(2)), new LogPosition(reader.GetInt64(3))), 0, 0),
        cancellationToken, Text(shard.Group), Integer(shard.Number)).ConfigureAwait(false)).FirstOrDefault();

    internal Task<List<ShardId>> ShardsAsync(CancellationToken cancellationToken) => ReadAsync(
        $"SELECT name, number FROM {database.Schema}.shard ORDER BY id",
        static reader => new ShardId(reader.GetString(0), reader.GetInt32(1)), cancellationToken);

    /// <summary>Reads records after one, in order; empty when there are none.</summary>
    internal Task<List<JournalRecord>> RecordsAsync(int shard, LogPosition after, LogPosition through, CancellationToken cancellationToken) => ReadAsync(
        $"""
        SELECT position, record FROM (
            SELECT position, record, sum(octet_length(record)) OVER (ORDER BY position) - octet_length(record) AS before
            FROM (SELECT position, record FROM {database.Schema}.log WHERE shard = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT {RowsMax}) page
        ) sized WHERE before < {BytesMax} ORDER BY position
        """,
        static reader => new JournalRecord(new LogPosition(reader.GetInt64(0)), reader.GetFieldValue<byte[]>(1)),
        cancellationToken, Integer(shard), Bigint(after.Value), Bigint(through.Value));

    internal async Task<byte[]?> ValueAsync(int shard, RowKey key, CancellationToken cancellationToken)
    {
        var values = await ReadAsync(
            $"SELECT value FROM {database.Schema}.entry WHERE shard = $1 AND kind = $2 AND key = $3",
            static reader => reader.GetFieldValue<byte[]>(0),
            cancellationToken, Integer(shard), Smallint((short)key.Kind), Bytes(key.Key)).ConfigureAwait(false);
        return values.FirstOrDefault();
    }

    /// <summary>Reads entries whose key lies from one to below another, in order of the key; empty when there are none.</summary>
    /// <param name="shard">The shard's number in the database.</param>
    /// <param name="kind">Which kind.</param>
    /// <param name="from">The lowest key.</param>
    /// <param name="isAfter">Whether <paramref name="from"/> itself is left out.</param>
    /// <param name="below">The lowest key that is too high; <see langword="null"/>: none is.</param>
    /// <param name="cancellationToken">Cancels reading.</param>
    internal Task<List<JournalRow>> EntriesAsync(
        int shard, RowKind kind, ReadOnlyMemory<byte> from, bool isAfter, byte[]? below, CancellationToken cancellationToken)
    {
        var low = isAfter ? ">" : ">=";
        return ReadAsync(
            $"""
            SELECT key, value FROM (
                SELECT key, value, sum(octet_length(value)) OVER (ORDER BY key) - octet_length(value) AS before
                FROM (SELECT key, value FROM {database.Schema}.entry WHERE shard = $1 AND kind = $2 AND key {low} $3 AND ($4::bytea IS NULL OR key < $4)
                    ORDER BY key LIMIT {RowsMax}) page
            ) sized WHERE before < {BytesMax} ORDER BY key
            """,
            reader => new JournalRow(new RowKey(kind, reader.GetFieldValue<byte[]>(0)), reader.GetFieldValue<byte[]>(1)),
            cancellationToken, Integer(shard), Smallint((short)kind), Bytes(from),
            new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Bytea, Value = (object?)below ?? DBNull.Value });
    }

    /// <summary>Reads, for each kind and range of keys, the first entry in it.</summary>
    /// <param name="shard">The shard's number in the database.</param>
    /// <param name="from">Kinds, and the lowest key of each range.</param>
    /// <param name="below">The lowest key that is too high for each; <see langword="null"/>: none is.</param>
    /// <param name="cancellationToken">Cancels reading.</param>
    /// <returns>Those that there are, each with its range's place.</returns>
    internal Task<List<(int Place, JournalRow Row)>> FirstEntriesAsync(
        int shard, IReadOnlyList<RowKey> from, byte[]?[] below, CancellationToken cancellationToken) => ReadAsync(
        $"""
        SELECT asked.place, found.key, found.value
        FROM unnest($2::smallint[], $3::bytea[], $4::bytea[]) WITH ORDINALITY AS asked (kind, low, below, place)
        CROSS JOIN LATERAL (
            SELECT key, value FROM {database.Schema}.entry
            WHERE shard = $1 AND kind = asked.kind AND key >= asked.low AND (asked.below IS NULL OR key < asked.below)
            ORDER BY key LIMIT 1
        ) found
        """,
        reader =>
        {
            var place = (int)reader.GetInt64(0) - 1;
            return (place, new JournalRow(new RowKey(from[place].Kind, reader.GetFieldValue<byte[]>(1)), reader.GetFieldValue<byte[]>(2)));
        },
        cancellationToken,
        Integer(shard),
        new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint, Value = from.Select(key => (short)key.Kind).ToArray() },
        new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea, Value = from.Select(key => key.Key.ToArray()).ToArray() },
        new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea, Value = below });

    private static NpgsqlParameter Integer(int value) => new() { NpgsqlDbType = NpgsqlDbType.Integer, Value = value };

    private static NpgsqlParameter Smallint(short value) => new() { NpgsqlDbType = NpgsqlDbType.Smallint, Value = value };

    private static NpgsqlParameter Bigint(long value) => new() { NpgsqlDbType = NpgsqlDbType.Bigint, Value = value };

    private static NpgsqlParameter Text(string value) => new() { NpgsqlDbType = NpgsqlDbType.Text, Value = value };

    private static NpgsqlParameter Bytes(ReadOnlyMemory<byte> value) => new() { NpgsqlDbType = NpgsqlDbType.Bytea, Value = value };

    private async Task<List<T>> ReadAsync<T>(
        string text, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        // Made anew for each try: a parameter belongs to one command.
        return await database.PersistAsync(
            async connection =>
            {
                await using var command = new NpgsqlCommand(text, connection);
                command.Parameters.AddRange(Array.ConvertAll(parameters, static parameter => parameter.Clone()));
                var rows = new List<T>();
                await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    rows.Add(read(reader));
                }

                return rows;
            },
            cancellationToken).ConfigureAwait(false);
    }
}

using Npgsql;

namespace Kyberium.Cluster.Tests.Checks;

/// <summary>Has the database itself note every write to a cluster's journal, in the transaction that writes.</summary>
internal sealed class JournalWitness(string connectionString, string schema)
{
    /// <summary>Begins to note.</summary>
    internal async Task BeginAsync() => await ExecuteAsync($"""
        CREATE SCHEMA {schema}_seen;
        CREATE TABLE {schema}_seen.write (
            id bigint GENERATED ALWAYS AS IDENTITY, shard integer, position bigint, head bytea, digest text, owner text, fence bigint) TABLESPACE pg_default;
        CREATE FUNCTION {schema}_seen.note(in_shard integer, at bigint, frame bytea) RETURNS void LANGUAGE sql AS $$
            INSERT INTO {schema}_seen.write (shard, position, head, digest, owner, fence)
                SELECT in_shard, at, substring(frame FOR 78), md5(frame), format('%s in its life %s', s.owner, s.owner_incarnation), s.fence
                FROM {schema}.shard s WHERE s.id = in_shard
        $$;
        CREATE FUNCTION {schema}_seen.record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM {schema}_seen.note(NEW.shard, NEW.position, NEW.record); RETURN NULL; END $$;
        CREATE FUNCTION {schema}_seen.entry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM {schema}_seen.note(NEW.shard, NULL, NEW.value); RETURN NULL; END $$;
        CREATE TRIGGER seen AFTER INSERT ON {schema}.log FOR EACH ROW EXECUTE FUNCTION {schema}_seen.record();
        CREATE TRIGGER seen AFTER INSERT OR UPDATE ON {schema}.entry FOR EACH ROW WHEN (NEW.kind <> 1) EXECUTE FUNCTION {schema}_seen.entry();
        """);

    /// <summary>Reads what was noted, in each shard's order.</summary>
    internal async Task<JournalHistory> ReadAsync()
    {
        var history = new JournalHistory();
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"SELECT shard, position, head, digest, owner, fence FROM {schema}_seen.write ORDER BY id", connection);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            history.Add(new JournalWrite(
                rows.GetInt32(0), rows.IsDBNull(1) ? null : rows.GetInt64(1), rows.GetFieldValue<byte[]>(2), rows.GetString(3), rows.GetString(4), rows.GetInt64(5)));
        }

        return history;
    }

    private async Task ExecuteAsync(string text)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync();
    }
}

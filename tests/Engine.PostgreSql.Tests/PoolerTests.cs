using System.Diagnostics;
using Npgsql;

namespace Kyberium.Engine.PostgreSql.Tests;

/// <summary>Goal: the journal keeps nothing in a session, so that PgBouncer may give each transaction another one.</summary>
public sealed class PoolerTests
{
    private const string Keeper = """
        set -e
        directory=$1; export PATH=$PATH:/usr/sbin
        as=(); [ "$(id -u)" != 0 ] || { chown -R postgres "$directory"; as=(setpriv --reuid=postgres --regid=postgres --init-groups); }
        "${as[@]}" pgbouncer "$directory/pgbouncer.ini" </dev/null &
        read -r _ || true
        kill -TERM $!; wait $! || true
        """;

    [Fact]
    public async Task Through_a_pooler_in_transaction_mode_everything_works()
    {
        var server = await PostgresServer.Shared;
        var port = PostgresServer.FreePort();
        var directory = Directory.CreateTempSubdirectory("kyberium-pooler-").FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "users"), "\"kyberium\" \"\"\n");
        await File.WriteAllTextAsync(Path.Combine(directory, "pgbouncer.ini"), $"""
            [databases]
            postgres = host=127.0.0.1 port={server.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {directory}/users
            pool_mode = transaction
            default_pool_size = 3
            ignore_startup_parameters = extra_float_digits
            """);
        var start = new ProcessStartInfo("bash") { ArgumentList = { "-c", Keeper, "bash", directory }, RedirectStandardInput = true, RedirectStandardError = true };
        using var pooler = Process.Start(start)!;
        await PostgresServer.SaidAsync(pooler, "process up");
        var schema = "t" + Guid.NewGuid().ToString("N");
        var text = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Port = port, NoResetOnClose = true }.ConnectionString;
        try
        {
            await using (var journal = await PostgreSqlJournal.OpenAsync(
                new PostgreSqlJournalOptions { ConnectionString = text, Schema = schema, WriterCount = 4 }))
            {
                await Task.WhenAll(Enumerable.Range(0, 16).Select(number => FillAsync(journal, new ShardId("default", number))));
            }
        }
        finally
        {
            pooler.StandardInput.Close();
            await pooler.WaitForExitAsync();
            Directory.Delete(directory, recursive: true);
            await server.ExecuteAsync($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }
    }

    private static async Task FillAsync(PostgreSqlJournal journal, ShardId shard)
    {
        var fence = (await journal.AcquireAsync(shard)).Fence;
        for (var position = 1; position <= 50; position++)
        {
            await journal.CommitAsync(new JournalCommit
            {
                Shard = shard, Fence = fence, Position = new LogPosition(position), Record = BitConverter.GetBytes(position),
                Rows = [new RowChange(new RowKey(RowKind.Shard, default), BitConverter.GetBytes(position))],
                TruncateThrough = position == 40 ? new LogPosition(30) : null,
            });
        }

        Assert.Equal(Enumerable.Range(31, 20), await journal.ReadRecordsAsync(shard, default).Select(record => BitConverter.ToInt32(record.Bytes.Span)).ToListAsync());
        Assert.Equal(BitConverter.GetBytes(50), (await journal.ReadRowAsync(shard, new RowKey(RowKind.Shard, default)))!.Value.ToArray());
    }
}

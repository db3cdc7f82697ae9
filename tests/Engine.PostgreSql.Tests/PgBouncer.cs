using System.Diagnostics;
using Npgsql;

namespace Kyberium.Engine.PostgreSql.Tests;

/// <summary>A pooler in transaction mode before a test's server.</summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private const string Keeper = """
        set -e
        directory=$1; export PATH=$PATH:/usr/sbin
        as=(); [ "$(id -u)" != 0 ] || { chown -R postgres "$directory"; as=(setpriv --reuid=postgres --regid=postgres --init-groups); }
        "${as[@]}" pgbouncer "$directory/pgbouncer.ini" </dev/null &
        read -r _ || true
        kill -TERM $!; wait $! || true
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("kyberium-pooler-").FullName;
    private readonly Process _pooler;

    private PgBouncer(PostgresServer server)
    {
        var port = FreePort.Next();
        File.WriteAllText(Path.Combine(_directory, "users"), "\"kyberium\" \"\"\n");
        File.WriteAllText(Path.Combine(_directory, "pgbouncer.ini"), $"""
            [databases]
            postgres = host=127.0.0.1 port={server.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {_directory}/users
            pool_mode = transaction
            default_pool_size = 3
            ignore_startup_parameters = extra_float_digits
            """);
        ConnectionString = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Port = port, NoResetOnClose = true }.ConnectionString;
        _pooler = Process.Start(new ProcessStartInfo("bash")
        {
            ArgumentList = { "-c", Keeper, "bash", _directory }, RedirectStandardInput = true, RedirectStandardError = true,
        })!;
    }

    internal string ConnectionString { get; }

    internal static async Task<PgBouncer> StartAsync(PostgresServer server)
    {
        var pooler = new PgBouncer(server);
        await PostgresServer.SaidAsync(pooler._pooler, "process up");
        return pooler;
    }

    public async ValueTask DisposeAsync()
    {
        _pooler.StandardInput.Close();
        await _pooler.WaitForExitAsync();
        _pooler.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}

using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Kyberium.Tests.Support;

/// <summary>A PostgreSQL server of this test run's own, from Debian's packages, in a temporary directory. Ends with the process.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string Superuser = "kyberium";

    // Bash holds the server and lets it go when its own input ends, as it does when this process is killed. The server may not run as root.
    private const string Keeper = """
        set -e
        bin=$1; data=$2; port=$3; shift 3
        as=(); [ "$(id -u)" != 0 ] || { chown postgres "$data"; as=(setpriv --reuid=postgres --regid=postgres --init-groups); }
        chmod 755 "$data"; cd "$data"
        [ -e db ] || "${as[@]}" "$bin/initdb" -D db -U kyberium --auth=trust --encoding=UTF8 --locale=C --no-sync >initdb.log
        "${as[@]}" "$bin/postgres" -D "$data/db" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= "$@" </dev/null &
        server=$!
        read -r how || how=TERM
        kill -"$how" $server; wait $server || true
        """;

    private static readonly Lazy<Task<PostgresServer>> SharedServer = new(() => StartAsync());

    private readonly string _directory;
    private readonly string[] _settings;
    private Process _keeper = null!;

    private PostgresServer(string directory, int port, string[] settings) => (_directory, Port, _settings) = (directory, port, settings);

    internal int Port { get; }

    internal string ConnectionString => $"Host=127.0.0.1;Port={Port};Username={Superuser};Database=postgres;Timeout=60;Include Error Detail=true";

    /// <summary>Gets the server that tests share; each uses a schema of its own.</summary>
    internal static Task<PostgresServer> Shared => SharedServer.Value;

    /// <summary>Starts a server; <paramref name="settings"/> are <c>name=value</c>.</summary>
    internal static async Task<PostgresServer> StartAsync(params string[] settings)
    {
        var directory = Directory.CreateTempSubdirectory("kyberium-postgres-").FullName;
        var server = new PostgresServer(directory, FreePort.Next(), settings);
        await server.RunAsync();
        return server;
    }

    /// <summary>Starts the server again on its data, after <see cref="StopAsync"/>.</summary>
    internal async Task RunAsync()
    {
        var start = new ProcessStartInfo("bash")
        {
            ArgumentList = { "-c", Keeper, "bash", Binaries(), _directory, Port.ToString(CultureInfo.InvariantCulture) },
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        foreach (var setting in _settings)
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add(setting);
        }

        _keeper = Process.Start(start)!;
        await SaidAsync(_keeper, "ready to accept connections");
    }

    /// <summary>Waits for a server's word on its standard error; what it says afterwards is read and left.</summary>
    internal static async Task SaidAsync(Process server, string word)
    {
        var before = new List<string>();
        while (await server.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)) is { } line)
        {
            if (line.Contains(word, StringComparison.Ordinal))
            {
                _ = server.StandardError.ReadToEndAsync();
                return;
            }

            before.Add(line);
        }

        throw new InvalidOperationException($"it ended before it said '{word}': {string.Join(Environment.NewLine, before)}");
    }

    /// <summary>Ends the server: TERM waits for clients, INT cuts them off, QUIT is as good as a crash.</summary>
    internal async Task StopAsync(string signal = "INT")
    {
        await _keeper.StandardInput.WriteLineAsync(signal);
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
    }

    internal async Task ExecuteAsync(string text)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync("QUIT");
        Directory.Delete(_directory, recursive: true);
    }

    private static string Binaries() =>
        Directory.Exists("/usr/lib/postgresql")
        && Directory.EnumerateDirectories("/usr/lib/postgresql").Select(static version => Path.Combine(version, "bin"))
            .LastOrDefault(static bin => File.Exists(Path.Combine(bin, "initdb"))) is { } found
            ? found
            : throw new InvalidOperationException("PostgreSQL is not installed: run tests/setup.d/postgresql.sh, as tests/run.sh does by itself");
}

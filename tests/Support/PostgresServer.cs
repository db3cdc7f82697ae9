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
        bin=$1; data=$2; port=$3; address=$4; shift 4
        as=(); [ "$(id -u)" != 0 ] || { chown postgres "$data"; as=(setpriv --reuid=postgres --regid=postgres --init-groups); }
        chmod 755 "$data"; cd "$data"
        [ -e db ] || "${as[@]}" "$bin/initdb" -D db -U kyberium --auth=trust --encoding=UTF8 --locale=C --no-sync >initdb.log
        [ "$address" = 127.0.0.1 ] || grep -q "^host all all samenet" db/pg_hba.conf || echo "host all all samenet trust" >>db/pg_hba.conf
        "${as[@]}" "$bin/postgres" -D "$data/db" -p "$port" -c listen_addresses="$address" -c unix_socket_directories="$data" "$@" </dev/null &
        server=$!
        read -r how || how=TERM
        kill -"$how" $server; wait $server || true
        """;

    private static readonly Lazy<Task<PostgresServer>> SharedServer = new(() => StartAsync());

    private readonly ProcessPlace _place;
    private readonly string _address;
    private readonly string _directory;
    private readonly string[] _settings;
    private Process _keeper = null!;

    private PostgresServer(ProcessPlace place, string address, string directory, int port, string[] settings) =>
        (_place, _address, _directory, Port, _settings) = (place, address, directory, port, settings);

    internal int Port { get; }

    internal string ConnectionString => ConnectionTo(_address);

    /// <summary>Gets the connection string that reaches the server from every network of this machine, past all of them.</summary>
    internal string LocalConnectionString => ConnectionTo(_directory);

    /// <summary>Gets the server that tests share; each uses a schema of its own.</summary>
    internal static Task<PostgresServer> Shared => SharedServer.Value;

    /// <summary>Starts a server; <paramref name="settings"/> are <c>name=value</c>.</summary>
    internal static Task<PostgresServer> StartAsync(params string[] settings) => StartAtAsync(ProcessPlace.Here, "127.0.0.1", settings);

    /// <summary>Starts one elsewhere, at an address that it has there.</summary>
    internal static async Task<PostgresServer> StartAtAsync(ProcessPlace place, string address, params string[] settings)
    {
        var directory = Directory.CreateTempSubdirectory("kyberium-postgres-").FullName;
        var server = new PostgresServer(place, address, directory, FreePort.Next(), settings);
        await server.RunAsync();
        return server;
    }

    /// <summary>Starts the server again on its data, after <see cref="StopAsync"/>.</summary>
    internal async Task RunAsync()
    {
        var start = _place.Command("bash", "-c", Keeper, "bash", Binaries(), _directory, Port.ToString(CultureInfo.InvariantCulture), _address);
        (start.RedirectStandardInput, start.RedirectStandardError) = (true, true);
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
        await using var connection = new NpgsqlConnection(LocalConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync("QUIT");
        Directory.Delete(_directory, recursive: true);
    }

    private string ConnectionTo(string host) => $"Host={host};Port={Port};Username={Superuser};Database=postgres;Timeout=60;Include Error Detail=true";

    private static string Binaries() =>
        Directory.Exists("/usr/lib/postgresql")
        && Directory.EnumerateDirectories("/usr/lib/postgresql").Select(static version => Path.Combine(version, "bin"))
            .LastOrDefault(static bin => File.Exists(Path.Combine(bin, "initdb"))) is { } found
            ? found
            : throw new InvalidOperationException("PostgreSQL is not installed: run tests/setup.d/postgresql.sh, as tests/run.sh does by itself");
}

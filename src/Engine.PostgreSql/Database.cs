using Npgsql;

namespace Kyberium.Engine.PostgreSql;

/// <summary>The way to the database: does things in a connection, again and again while the database is away, within bounds.</summary>
internal sealed class Database(NpgsqlDataSource source, PostgreSqlJournalOptions options, string where) : IAsyncDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();

    internal string Schema => options.Schema;

    /// <summary>Does something that may be done twice, or that finds out by itself what came of the first time.</summary>
    /// <exception cref="EngineException">The database refused, or stayed away too long.</exception>
    internal async Task<T> PersistAsync<T>(Func<NpgsqlConnection, Task<T>> act, CancellationToken cancellationToken = default)
    {
        var began = options.TimeProvider.GetTimestamp();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        for (var pause = ShortestPause; ; pause = pause + pause < LongestPause ? pause + pause : LongestPause)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
                return await act(connection).ConfigureAwait(false);
            }
            catch (Exception failure) when ((PostgreSqlErrors.IsAway(failure) || PostgreSqlErrors.IsCollision(failure))
                && !ending.IsCancellationRequested && options.TimeProvider.GetElapsedTime(began) < options.OutageMax)
            {
                // A connection of the pool that broke says so at its first use: the next try gets a new one.
                await Task.Delay(pause, options.TimeProvider, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception failure) when (failure is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
            {
                throw PostgreSqlErrors.Of(failure, where);
            }
        }
    }

    /// <summary>Waits for nothing any more: what the database does not answer now fails.</summary>
    internal Task StopWaitingAsync() => _stopping.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        _stopping.Dispose();
        await source.DisposeAsync().ConfigureAwait(false);
    }
}

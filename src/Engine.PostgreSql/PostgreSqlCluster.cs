using Kyberium.Engine.PostgreSql.Cluster;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kyberium.Engine.PostgreSql;

/// <summary>A cluster in PostgreSQL seen from outside: what operators look at and ask for, and a part in planning for a process that runs no shards.</summary>
public sealed class PostgreSqlCluster : IAsyncDisposable
{
    private readonly ClusterStore _store;
    private readonly AllocatorRound _allocator;

    private PostgreSqlCluster(ClusterStore store, AllocatorRound allocator) => (_store, _allocator) = (store, allocator);

    /// <summary>Connects to the database.</summary>
    /// <param name="options">Which database.</param>
    /// <param name="name">Who this is, for people who look at who allocates.</param>
    /// <param name="allocatorPriority">How gladly this allocates, beside nodes' <see cref="PostgreSqlPlacementOptions.AllocatorPriority"/>: 0 or more.</param>
    /// <param name="movesMax">How many shards may move at once when this allocates: 1 or more.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="EngineException">As <see cref="PostgreSqlJournal.OpenAsync"/>.</exception>
    public static async Task<PostgreSqlCluster> OpenAsync(
        PostgreSqlClusterOptions options, string name, int allocatorPriority = 10, int movesMax = 8, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfNegative(allocatorPriority);
        ArgumentOutOfRangeException.ThrowIfLessThan(movesMax, 1);
        var store = await ClusterStore.OpenAsync(options, cancellationToken).ConfigureAwait(false);
        return new PostgreSqlCluster(store, new AllocatorRound(store, $"{name} {Guid.NewGuid():N}", allocatorPriority, movesMax, NullLogger.Instance));
    }

    /// <summary>Gets what becomes of the wishes, by the last plan made here.</summary>
    public IReadOnlyList<WishOutcome> Wishes => _allocator.Wishes;

    /// <summary>Does one round of an allocator: holds its lease, sees to the members, plans. To be called about every second; one call at a time.</summary>
    /// <returns>Whether this is the allocator.</returns>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.JournalUnavailable"/>: call again.</exception>
    public Task<bool> AllocateAsync(CancellationToken cancellationToken = default) => AskAsync(() => _allocator.RunAsync(cancellationToken));

    /// <summary>Reads the members and who owns what.</summary>
    public async Task<(IReadOnlyList<ClusterMember> Members, ShardMap Map)> ReadAsync(CancellationToken cancellationToken = default)
    {
        var table = new ShardTable();
        var reading = await AskAsync(() => _store.ReadAsync(table.ReadFrom, 0, cancellationToken)).ConfigureAwait(false);
        table.Apply(reading);
        return (reading.Members, table.ToMap(reading.Members));
    }

    /// <summary>Reads the wishes that hold.</summary>
    public async Task<IReadOnlyList<PlacementWish>> ReadWishesAsync(CancellationToken cancellationToken = default) =>
        await AskAsync(() => _store.ReadWishesAsync(cancellationToken)).ConfigureAwait(false);

    /// <summary>Asks for a shard to be on a node and stay there; gives the wish's number.</summary>
    public Task<long> MoveAsync(ShardId shard, NodeId node, string askedBy, CancellationToken cancellationToken = default) =>
        AskAsync(() => _store.WishAsync(node, shard, askedBy, cancellationToken));

    /// <summary>Asks for a node to have no shards and stay a member; gives the wish's number.</summary>
    public Task<long> DrainAsync(NodeId node, string askedBy, CancellationToken cancellationToken = default) =>
        AskAsync(() => _store.WishAsync(node, null, askedBy, cancellationToken));

    /// <summary>Takes a wish back.</summary>
    /// <returns>Whether there was one.</returns>
    public Task<bool> WithdrawAsync(long wish, CancellationToken cancellationToken = default) => AskAsync(() => _store.WithdrawAsync(wish, cancellationToken));

    /// <summary>Has a node leave: it gives its shards up a few at a time.</summary>
    /// <returns>Whether there is such a member that was not leaving or down.</returns>
    public Task<bool> LeaveAsync(NodeId node, CancellationToken cancellationToken = default) =>
        AskAsync(() => _store.TurnAsync(node, null, MemberState.Leaving, cancellationToken));

    /// <summary>Takes back that a node is to leave: it gets shards again. One whose process stops goes on stopping.</summary>
    /// <returns>Whether there is such a member that was leaving, and renews its lease.</returns>
    public Task<bool> JoinAsync(NodeId node, CancellationToken cancellationToken = default) => AskAsync(() => _store.StayAsync(node, cancellationToken));

    /// <summary>Declares a node down: its lease is renewed no more, and when it is over its shards go to others. Not before: the node may serve until then.</summary>
    /// <returns>Whether there is such a member that was not down.</returns>
    public Task<bool> DownAsync(NodeId node, CancellationToken cancellationToken = default) =>
        AskAsync(() => _store.TurnAsync(node, null, MemberState.Down, cancellationToken));

    /// <summary>Closes its connections.</summary>
    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is Npgsql.NpgsqlException or TimeoutException or IOException)
        {
            throw PostgreSqlErrors.Of(failure, _store.Where);
        }
    }
}

using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Kyberium.Engine.PostgreSql.Cluster;

/// <summary>The cluster's rows: each method is one call and one transaction, tried once. Keeps nothing in a session.</summary>
internal sealed class ClusterStore : IAsyncDisposable
{
    private const int SchemaSecondsMax = 600;

    private readonly NpgsqlDataSource _source;
    private readonly string _schema;

    private ClusterStore(NpgsqlDataSource source, string schema, string where) => (_source, _schema, Where) = (source, schema, where);

    /// <summary>Gets the database and the schema, for people.</summary>
    internal string Where { get; }

    internal static async Task<ClusterStore> OpenAsync(PostgreSqlClusterOptions options, CancellationToken cancellationToken)
    {
        var connect = options.Check();
        var where = $"{connect.Host}:{connect.Port}/{connect.Database ?? connect.Username}, schema {options.Schema}";
        var source = NpgsqlDataSource.Create(connect);
        try
        {
            // By a way of its own: making or migrating tables may take longer than a lease leaves to a call, and so may waiting for who does it.
            await using var connection = new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(connect.ConnectionString) { Timeout = 15, CommandTimeout = SchemaSecondsMax, Pooling = false }.ConnectionString);
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            await Schema.EnsureAsync(connection, options.Schema, where, cancellationToken).ConfigureAwait(false);
            return new ClusterStore(source, options.Schema, where);
        }
        catch (Exception failure)
        {
            await source.DisposeAsync().ConfigureAwait(false);
            if (failure is NpgsqlException)
            {
                throw PostgreSqlErrors.Of(failure, where);
            }

            throw;
        }
    }

    internal async Task<JoinAnswer> JoinAsync(PostgreSqlPlacementOptions options, long previous, CancellationToken cancellationToken)
    {
        await using var command = Command(
            "SELECT verdict, incarnation, lease_millis, wait_millis FROM {0}.join_cluster($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            options.ClusterName, options.LeaseLength, options.Groups.Select(static group => group.Name).ToArray(),
            options.Groups.Select(static group => group.Count).ToArray(), Texts(options.Groups.Select(static group => group.Role)),
            options.Node.Value, previous, options.Address, options.Roles.ToArray(), options.Weight, options.Version.ToString());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return new JoinAnswer(
            (JoinVerdict)reader.GetInt16(0), reader.GetInt64(1), TimeSpan.FromMilliseconds(reader.GetInt64(2)), TimeSpan.FromMilliseconds(reader.GetInt64(3)));
    }

    /// <summary>Renews; tells whether the lease was not over.</summary>
    internal async Task<bool> RenewAsync(NodeId node, long incarnation, CancellationToken cancellationToken) =>
        await RunAsync("SELECT {0}.renew($1, $2)", cancellationToken, node.Value, incarnation).ConfigureAwait(false) is true;

    internal Task ReleaseAsync(ShardId shard, Fence fence, NodeId node, long incarnation, CancellationToken cancellationToken) => RunAsync(
        "SELECT {0}.release($1, $2, $3, $4, $5)", cancellationToken, shard.Group, shard.Number, fence.Value, node.Value, incarnation);

    internal async Task<bool> TurnAsync(NodeId node, long? incarnation, MemberState state, CancellationToken cancellationToken) =>
        await RunAsync("SELECT {0}.turn_member($1, $2, $3)", cancellationToken, node.Value, incarnation, (short)state).ConfigureAwait(false) is true;

    /// <summary>Takes back that a node is to leave, while its lease holds: it is counted again.</summary>
    internal async Task<bool> StayAsync(NodeId node, CancellationToken cancellationToken) => await RunAsync(
        "UPDATE {0}.member SET state = 1 WHERE node = $1 AND state = 3 AND lease_until > clock_timestamp() RETURNING true, {0}.be_durable(), {0}.wake()",
        cancellationToken, node.Value).ConfigureAwait(false) is true;

    internal Task DepartAsync(NodeId node, long incarnation, CancellationToken cancellationToken) =>
        RunAsync("SELECT {0}.depart($1, $2)", cancellationToken, node.Value, incarnation);

    internal async Task<long?> HoldAllocatorAsync(string holder, int priority, CancellationToken cancellationToken) =>
        await RunAsync("SELECT {0}.hold_allocator($1, $2)", cancellationToken, holder, priority).ConfigureAwait(false) as long?;

    internal async Task<bool> AttendAsync(long term, CancellationToken cancellationToken) =>
        await RunAsync("SELECT {0}.attend($1)", cancellationToken, term).ConfigureAwait(false) is true;

    internal async Task<long?> WritePlanAsync(long term, IReadOnlyList<PlannedShard> changes, CancellationToken cancellationToken) =>
        await RunAsync(
            "SELECT {0}.write_plan($1, $2, $3, $4)", cancellationToken, term, changes.Select(static shard => shard.Shard.Group).ToArray(),
            changes.Select(static shard => shard.Shard.Number).ToArray(), Texts(changes.Select(static shard => shard.Node?.Value))).ConfigureAwait(false) as long?;

    internal Task ReportLoadsAsync(IReadOnlyList<KeyValuePair<ShardId, double>> loads, CancellationToken cancellationToken) => RunAsync(
        "SELECT {0}.report_loads($1, $2, $3)", cancellationToken, loads.Select(static load => load.Key.Group).ToArray(),
        loads.Select(static load => load.Key.Number).ToArray(), loads.Select(static load => load.Value).ToArray());

    internal async Task<long> WishAsync(NodeId node, ShardId? shard, string askedBy, CancellationToken cancellationToken) => (long)(await RunAsync(
        "INSERT INTO {0}.wish (node, name, number, asked_by) VALUES ($1, $2, $3, $4) RETURNING id, {0}.wake()", cancellationToken,
        node.Value, shard?.Group, shard?.Number, askedBy).ConfigureAwait(false))!;

    internal async Task<bool> WithdrawAsync(long wish, CancellationToken cancellationToken) =>
        await RunAsync("DELETE FROM {0}.wish WHERE id = $1 RETURNING id, {0}.wake()", cancellationToken, wish).ConfigureAwait(false) is not null;

    /// <summary>Reads the members, and what changed of shards and plan since a reading before.</summary>
    /// <remarks>Read first is which transactions may still be under way: what they change is not seen now, and is asked for next time.</remarks>
    /// <param name="from"><see cref="ClusterReading.ReadFrom"/> of that reading.</param>
    /// <param name="priority">How gladly the reader allocates.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    internal async Task<ClusterReading> ReadAsync(string from, int priority, CancellationToken cancellationToken)
    {
        await using var batch = _source.CreateBatch();
        Add("""
            SELECT pg_snapshot_xmin(pg_current_snapshot())::text, coalesce(max(plan_version), 0),
                coalesce(bool_or(allocator IS NULL OR allocator_until <= clock_timestamp() OR allocator_priority < $1), false)
            FROM {0}.cluster
            """, priority);
        Add("""
            SELECT m.node, CASE WHEN m.state <> 5 AND m.lease_until <= clock_timestamp() + c.lease / 4 THEN 4 ELSE m.state END::smallint,
                m.incarnation, m.address, m.roles, m.weight, m.version
            FROM {0}.member m, {0}.cluster c ORDER BY m.node COLLATE "C"
            """);
        Add("SELECT name, number, fence, owner, owner_incarnation FROM {0}.shard WHERE changed_in >= $1::text::xid8", from);
        Add("SELECT name, number, node FROM {0}.plan WHERE changed_in >= $1::text::xid8", from);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        var (readFrom, version, mayAllocate) = (reader.GetString(0), reader.GetInt64(1), reader.GetBoolean(2));
        var members = await RowsAsync(reader, static row => new ClusterMember(new NodeId(row.GetString(0)), (MemberState)row.GetInt16(1))
        {
            Incarnation = row.GetInt64(2), Address = row.GetString(3), Roles = row.GetFieldValue<string[]>(4), Weight = row.GetInt32(5),
            Version = Version.Parse(row.GetString(6)),
        }, cancellationToken).ConfigureAwait(false);
        var owners = await RowsAsync(
            reader, static row => (Shard(row), new Fence(row.GetInt64(2)), Node(row, 3), row.IsDBNull(4) ? 0 : row.GetInt64(4)), cancellationToken)
            .ConfigureAwait(false);
        var plan = await RowsAsync(reader, static row => (Shard(row), Node(row, 2)), cancellationToken).ConfigureAwait(false);
        return new ClusterReading(readFrom, version, members, owners, plan) { MayAllocate = mayAllocate };

        void Add(string text, params object[] values)
        {
            var command = batch.CreateBatchCommand();
            command.CommandText = string.Format(CultureInfo.InvariantCulture, text, _schema);
            Bind(command.Parameters, values);
            batch.BatchCommands.Add(command);
        }
    }

    /// <summary>Reads what operators asked for.</summary>
    internal async Task<List<PlacementWish>> ReadWishesAsync(CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT id, node, name, number FROM {0}.wish ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await RowsAsync(reader, static row => Wish(row), cancellationToken, isFirst: true).ConfigureAwait(false);
    }

    /// <summary>Reads what a plan is made from beside members, shards and wishes.</summary>
    internal async Task<(List<ShardGroup> Groups, Dictionary<ShardId, double> Loads)> ReadForPlanAsync(CancellationToken cancellationToken)
    {
        await using var batch = _source.CreateBatch();
        foreach (var text in (string[])["name, count, role FROM {0}.shard_group", "name, number, load FROM {0}.plan WHERE load IS NOT NULL"])
        {
            var command = batch.CreateBatchCommand();
            command.CommandText = "SELECT " + string.Format(CultureInfo.InvariantCulture, text, _schema);
            batch.BatchCommands.Add(command);
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var groups = await RowsAsync(
            reader, static row => new ShardGroup(row.GetString(0), row.GetInt32(1), row.IsDBNull(2) ? null : row.GetString(2)), cancellationToken, isFirst: true)
            .ConfigureAwait(false);
        var loads = await RowsAsync(reader, static row => KeyValuePair.Create(Shard(row), row.GetDouble(2)), cancellationToken).ConfigureAwait(false);
        return (groups, loads.ToDictionary());
    }

    /// <summary>Waits for a word that something has changed, in a session of its own; <paramref name="woken"/> is called for each.</summary>
    /// <remarks>Looks whether it is to stop now and then: the driver's cancellation may throw at whoever cancels when the connection breaks at that moment.</remarks>
    internal async Task ListenAsync(Action woken, TimeSpan interval, CancellationToken stopping)
    {
        await using var connection = await _source.OpenConnectionAsync(CancellationToken.None).ConfigureAwait(false);
        connection.Notification += (_, _) => woken();
        await using (var command = new NpgsqlCommand($"LISTEN \"kyberium {_schema}\"", connection))
        {
            await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }

        woken();        // for what came before
        while (!stopping.IsCancellationRequested)
        {
            await connection.WaitAsync(interval, CancellationToken.None).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static PlacementWish Wish(NpgsqlDataReader row) => row.IsDBNull(2)
        ? new PlacementWish.Drain(row.GetInt64(0), new NodeId(row.GetString(1)))
        : new PlacementWish.Move(row.GetInt64(0), new ShardId(row.GetString(2), row.GetInt32(3)), new NodeId(row.GetString(1)));

    private static ShardId Shard(NpgsqlDataReader row) => new(row.GetString(0), row.GetInt32(1));

    private static NodeId? Node(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : new NodeId(row.GetString(column));

    private static async Task<List<T>> RowsAsync<T>(
        NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, bool isFirst = false)
    {
        var rows = new List<T>();
        if (isFirst || await reader.NextResultAsync(cancellationToken).ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                rows.Add(read(reader));
            }
        }

        return rows;
    }

    private static NpgsqlParameter Texts(IEnumerable<string?> texts) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, Value = texts.ToArray() };

    private static void Bind(NpgsqlParameterCollection parameters, object?[] values)
    {
        foreach (var value in values)
        {
            parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value ?? DBNull.Value });
        }
    }

    private NpgsqlCommand Command(string text, params object?[] values)
    {
        var command = _source.CreateCommand(string.Format(CultureInfo.InvariantCulture, text, _schema));
        Bind(command.Parameters, values);
        return command;
    }

    private async Task<object?> RunAsync(string text, CancellationToken cancellationToken, params object?[] values)
    {
        await using var command = Command(text, values);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is var value and not DBNull ? value : null;
    }
}

internal enum JoinVerdict : short
{
    Joined = 0,
    OtherName = 1,
    OtherGroups = 2,
    NameInUse = 3,
}

/// <param name="Verdict">What came of it.</param>
/// <param name="Incarnation">The node's new one; with <see cref="JoinVerdict.NameInUse"/> that of who lives.</param>
/// <param name="Length">The length of a lease in this cluster.</param>
/// <param name="Wait">How long the lease of who lives lasts if it is not renewed.</param>
internal readonly record struct JoinAnswer(JoinVerdict Verdict, long Incarnation, TimeSpan Length, TimeSpan Wait);

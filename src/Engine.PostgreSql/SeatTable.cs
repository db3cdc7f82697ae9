using System.Collections.Concurrent;
using Kyberium.Engine.PostgreSql.Cluster;
using Npgsql;

namespace Kyberium.Engine.PostgreSql;

/// <summary>The shards that were written to or acquired here.</summary>
internal sealed class SeatTable(string schema, PostgreSqlPlacement? placement)
{
    private const string Columns = "id, fence, turn, truncated, ended, tail_bytes";
    private readonly ConcurrentDictionary<ShardId, ShardSeat> _seats = new();

    internal long TailBytes => _seats.Values.Sum(static seat => seat.TailBytes);

    internal ShardSeat? Known(ShardId shard) => _seats.GetValueOrDefault(shard);

    /// <summary>Finds a shard's seat; <see langword="null"/> when nobody has ever acquired the shard.</summary>
    internal async Task<ShardSeat?> FindAsync(NpgsqlConnection connection, ShardId shard)
    {
        if (Known(shard) is { } known)
        {
            return known;
        }

        return await OneAsync(connection, $"SELECT {Columns} FROM {schema}.shard WHERE name = $1 AND number = $2", shard.Group, shard.Number)
            .ConfigureAwait(false) is { } row ? Seat(shard, row) : null;
    }

    /// <summary>Takes a shard over: as this node, under its lease, where there is a cluster.</summary>
    /// <param name="connection">Where the database is asked.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="held">The fence it has to have; <see langword="null"/>: whichever it has.</param>
    /// <param name="isRepeated">Whether an earlier call of the same may have succeeded without an answer.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.LeaseLost"/>, <see cref="EngineErrorCode.ShardElsewhere"/>,
    /// <see cref="EngineErrorCode.ClusterRefused"/>, <see cref="EngineErrorCode.ShardFenced"/>.</exception>
    internal async Task<ShardRow> AcquireAsync(NpgsqlConnection connection, ShardId shard, Fence? held, bool isRepeated)
    {
        var incarnation = placement?.IncarnationForAcquire() ?? 0;
        await using var transaction = await connection.BeginTransactionAsync().ConfigureAwait(false);
        var row = placement is null
            ? await OneAsync(connection, $"SELECT {Columns} FROM {schema}.acquire($1, $2)", shard.Group, shard.Number).ConfigureAwait(false)
                ?? throw ClusterErrors.NeedsPlacement(shard)
            : await AcquireLeasedAsync(connection, shard, placement, incarnation).ConfigureAwait(false);
        if (held is { } expected)
        {
            Check(shard, expected, new Fence(row.Extent.Fence.Value - 1), isRepeated);      // what it throws takes the rise back
        }

        await transaction.CommitAsync().ConfigureAwait(false);
        placement?.NoteAcquired(shard, row.Extent.Fence, incarnation);
        var seat = Seat(shard, row);
        seat.FailedUnder = null;
        seat.Own(row.TailBytes);
        return row;
    }

    private static void Check(ShardId shard, Fence held, Fence found, bool isRepeated)
    {
        if (found != held && !(isRepeated && found.Value == held.Value + 1))
        {
            throw PostgreSqlErrors.Fenced(shard, held, found);
        }
    }

    private async Task<ShardRow> AcquireLeasedAsync(NpgsqlConnection connection, ShardId shard, PostgreSqlPlacement here, long incarnation)
    {
        await using var command = new NpgsqlCommand($"SELECT {Columns}, verdict FROM {schema}.acquire_leased($1, $2, $3, $4)", connection);
        foreach (var value in (object[])[shard.Group, shard.Number, here.Self.Value, incarnation])
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await using var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
        await reader.ReadAsync().ConfigureAwait(false);
        switch (reader.GetInt16(6))
        {
            case 1:
                throw ClusterErrors.LeaseLost(here.Self);
            case 2:
                throw ClusterErrors.Elsewhere(shard, here.Self);
            default:
                return Row(reader);
        }
    }

    internal Task<ShardRow> ReadAsync(NpgsqlConnection connection, ShardSeat seat) =>
        ShowAsync(connection, seat, $"SELECT {Columns} FROM {schema}.shard WHERE id = $1", seat.Id);

    internal Task<ShardRow> SettleAsync(NpgsqlConnection connection, ShardSeat seat, Fence fence) =>
        ShowAsync(
            connection, seat, $"SELECT $1 AS id, fence, turn, truncated, ended, tail_bytes FROM {schema}.settle($1, $2)", seat.Id, fence.Value);

    private static async Task<ShardRow> ShowAsync(NpgsqlConnection connection, ShardSeat seat, string text, params object[] values)
    {
        var row = await OneAsync(connection, text, values).ConfigureAwait(false)
            ?? throw new InvalidOperationException($"the row of shard {seat.Shard} is gone from the database");
        if (row.Extent.Fence != seat.Fence)
        {
            seat.Lose();        // somebody else's, and not shown as one's own
            return row;
        }

        seat.Show(row);
        return row;
    }

    private static async Task<ShardRow?> OneAsync(NpgsqlConnection connection, string text, params object[] values)
    {
        await using var command = new NpgsqlCommand(text, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await using var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
        return await reader.ReadAsync().ConfigureAwait(false) ? Row(reader) : null;
    }

    private static ShardRow Row(NpgsqlDataReader reader) => new(
        reader.GetInt32(0), new ShardExtent(new Fence(reader.GetInt64(1)), new LogPosition(reader.GetInt64(3)), new LogPosition(reader.GetInt64(4))),
        reader.GetInt64(2), reader.GetInt64(5));

    private ShardSeat Seat(ShardId shard, ShardRow row)
    {
        var seat = _seats.GetOrAdd(shard, static (shard, id) => new ShardSeat(id, shard), row.Id);
        seat.Show(row);
        return seat;
    }
}

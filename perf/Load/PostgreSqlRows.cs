using Kyberium.Engine;
using Kyberium.Engine.PostgreSql;
using Kyberium.Tests.Support;
using Npgsql;

namespace Kyberium.Load;

/// <summary>Durable messages over PostgreSQL, on a server of this run's own that waits for its disk: the journal's commits and one engine, beside bare inserts.</summary>
internal static class PostgreSqlRows
{
    private const int BatchCount = 256;
    private const int ShardCount = 16;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var count = options.Quick ? 2_048 : 262_144;
        await using var server = await PostgresServer.StartAsync();
        var (bare, journal) = (new List<double>(), new List<double>());
        await using var inserts = await BareInserts.StartAsync(server);
        await using var store = await OpenAsync(server, "commits", CancellationToken.None);
        var shards = await Task.WhenAll(Enumerable.Range(0, ShardCount).Select(number => LoggedShard.AcquireAsync(store, number)));
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles
        {
            var bareRate = await TrafficRows.ConcurrentAsync(count / BatchCount, ShardCount, _ => inserts.InsertAsync());
            var next = -1;
            var rate = await TrafficRows.ConcurrentAsync(ShardCount, ShardCount, async number =>
            {
                while (Interlocked.Increment(ref next) < count / BatchCount)
                {
                    await shards[number].AppendAsync();
                }
            });
            if (round >= 0)
            {
                bare.Add(bareRate * BatchCount);
                journal.Add(rate / ShardCount * count);
            }
        }

        await inserts.CheckAsync();
        foreach (var shard in shards)
        {
            await shard.CheckAsync();
        }

        var ceiling = new Row($"PostgreSQL alone: inserts of {BatchCount} rows of equal bytes, two writers", bare, "/s");
        return
        [
            ceiling,
            new Row($"PostgreSQL: the journal's commits, {BatchCount} messages each", journal, "/s", ceiling.Median, "PostgreSQL alone") { Bar = Bar.AtLeast(250_000) },
            .. await SendAsync(options, server, ceiling),
        ];
    }

    private static async Task<IReadOnlyList<Row>> SendAsync(LoadOptions options, PostgresServer server, Row ceiling)
    {
        var (count, callers) = (options.Quick ? 500 : 50_000, options.Quick ? 50 : 4_000);
        List<Row> rows = [];
        foreach (var aead in options.Aead)
        {
            List<double> sent = [], processor = [];
            var provider = aead.ToString().ToLowerInvariant();
            await using var alone = await SenderAlone.StartAsync(options, aead, async (side, token) => await OpenAsync(server, $"{provider}_{side}", token));
            for (var round = -1; round < options.Rounds; round++)       // the first round compiles
            {
                var usedBefore = Environment.CpuUsage.TotalTime;
                var rate = await TrafficRows.ConcurrentAsync(count, callers, alone.SendAsync);
                if (round >= 0)
                {
                    sent.Add(rate);
                    processor.Add((Environment.CpuUsage.TotalTime - usedBefore).TotalMicroseconds / count);
                }
            }

            await alone.CheckAsync();
            rows.Add(new Row($"{provider}: durable send, PostgreSQL, sender alone", sent, "/s", ceiling.Median, "PostgreSQL alone") { Bar = Bar.AtLeast(250_000) });
            rows.Add(new Row($"{provider}: processor time of each, without the server's", processor, "µs"));
        }

        return rows;
    }

    private static async Task<IJournal> OpenAsync(PostgresServer server, string schema, CancellationToken cancellationToken) => await PostgreSqlJournal.OpenAsync(
        new PostgreSqlJournalOptions { ConnectionString = server.ConnectionString, Schema = schema }, cancellationToken);

    /// <summary>A shard whose records are batches of messages as an engine's are.</summary>
    private sealed class LoggedShard(IJournal journal, ShardId shard, Fence fence)
    {
        private readonly byte[] _record = new byte[BatchCount * GroupCommits.MessageBytes];
        private LogPosition _end;

        internal static async Task<LoggedShard> AcquireAsync(IJournal journal, int number)
        {
            var shard = new ShardId(ShardId.DefaultGroup, number);
            return new LoggedShard(journal, shard, (await journal.AcquireAsync(shard)).Fence);
        }

        internal async Task AppendAsync()
        {
            await journal.CommitAsync(new JournalCommit { Shard = shard, Fence = fence, Position = _end.Next, Record = _record });
            _end = _end.Next;
        }

        /// <exception cref="InvalidOperationException">Something is missing.</exception>
        internal async Task CheckAsync()
        {
            var last = default(LogPosition);
            await foreach (var record in journal.ReadRecordsAsync(shard, default))
            {
                last = record.Bytes.Length == _record.Length ? record.Position : default;
            }

            if (last != _end)
            {
                throw new InvalidOperationException($"shard {shard} ends at {last}, {_end} were committed");
            }
        }
    }

    /// <summary>The neighbour: a row for each message, two connections as the journal has, a transaction for each batch.</summary>
    private sealed class BareInserts(NpgsqlDataSource source) : IAsyncDisposable
    {
        private readonly byte[][] _rows = [.. Enumerable.Range(0, BatchCount).Select(static _ => new byte[GroupCommits.MessageBytes])];
        private readonly SemaphoreSlim _writers = new(2);
        private long _inserted;

        internal static async Task<BareInserts> StartAsync(PostgresServer server)
        {
            await server.ExecuteAsync("CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, record bytea NOT NULL)");
            return new BareInserts(NpgsqlDataSource.Create(server.ConnectionString));
        }

        internal async Task InsertAsync()
        {
            await _writers.WaitAsync();
            try
            {
                await using var command = source.CreateCommand("INSERT INTO bare (record) SELECT unnest($1)");
                command.Parameters.Add(new NpgsqlParameter { Value = _rows });
                Interlocked.Add(ref _inserted, await command.ExecuteNonQueryAsync());
            }
            finally
            {
                _writers.Release();
            }
        }

        /// <exception cref="InvalidOperationException">Something is missing.</exception>
        internal async Task CheckAsync()
        {
            await using var command = source.CreateCommand("SELECT count(*) FROM bare");
            if ((long)(await command.ExecuteScalarAsync())! != _inserted)
            {
                throw new InvalidOperationException("not every row that was inserted is there");
            }
        }

        public ValueTask DisposeAsync()
        {
            _writers.Dispose();
            return source.DisposeAsync();
        }
    }
}

using Npgsql;

namespace Kyberium.Engine.PostgreSql.Tests;

/// <summary>Goal: whatever happens to the server or on the way to it, each commit takes effect once or not at all, and its owner learns which.</summary>
public sealed class PostgreSqlJournalFaultTests : IAsyncLifetime
{
    private static readonly ShardId Shard = new("default", 7);
    private readonly string _schema = "t" + Guid.NewGuid().ToString("N");
    private PostgresServer _server = null!;
    private TcpProxy _proxy = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgresServer.Shared;
        _proxy = new TcpProxy(_server.Port);
    }

    public async Task DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _server.ExecuteAsync($"DROP SCHEMA IF EXISTS {_schema} CASCADE");
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_completes_once_the_server_is_reached_again()
    {
        await using var journal = await OpenAsync();
        var fence = (await journal.AcquireAsync(Shard)).Fence;
        _proxy.DropsAnswers = true;
        var commit = journal.CommitAsync(Append(fence, 1)).AsTask();
        await _proxy.Stopped.Reader.ReadAsync();        // it was applied, and nobody here knows
        _proxy.DropsAnswers = false;
        _proxy.Break();

        await commit;
        await journal.CommitAsync(Append(fence, 2));
        await AssertRecordsAsync(journal, 2);
    }

    [Fact]
    public async Task A_request_that_arrives_after_its_owner_has_looked_changes_nothing()
    {
        await using var journal = await OpenAsync();
        var fence = (await journal.AcquireAsync(Shard)).Fence;
        _proxy.HoldsRequests = true;
        var commit = journal.CommitAsync(Append(fence, 1, new RowChange(new RowKey(RowKind.Peer, new byte[] { 1 }), new byte[] { 1 }))).AsTask();
        await _proxy.Stopped.Reader.ReadAsync();
        _proxy.HoldsRequests = false;
        var lines = _proxy.Break(keepsServers: true);
        await commit;                                   // by another connection, once the row showed that the first had not come
        await journal.CommitAsync(new JournalCommit
        {
            Shard = Shard, Fence = fence, Rows = [new RowChange(new RowKey(RowKind.Peer, new byte[] { 1 }), new byte[] { 2 })],
        });

        foreach (var line in lines.Where(line => line.Held.Length > 0))
        {
            await line.ReleaseAsync();
        }

        Assert.Equal([2], (await journal.ReadRowAsync(Shard, new RowKey(RowKind.Peer, new byte[] { 1 })))!.Value.ToArray());
        await AssertRecordsAsync(journal, 1);
    }

    [Fact]
    public async Task A_commit_without_room_is_refused_and_those_behind_it_follow_it_until_their_owner_has_looked()
    {
        await using var journal = await PostgreSqlJournal.OpenAsync(new PostgreSqlJournalOptions
        {
            ConnectionString = new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Port = _proxy.Port }.ConnectionString, Schema = _schema, WaitingCountMax = 64,
        });
        var fence = (await journal.AcquireAsync(Shard)).Fence;
        _proxy.HoldsRequests = true;
        var first = journal.CommitAsync(Append(fence, 1)).AsTask();
        await _proxy.Stopped.Reader.ReadAsync();        // the writer waits for its answer, and calls wait for the writer
        var calls = Enumerable.Range(2, 70).Select(position => journal.CommitAsync(Append(fence, position)).AsTask()).ToList();
        _proxy.HoldsRequests = false;
        _proxy.Break();
        await first;
        calls.Add(journal.CommitAsync(Append(fence, 72)).AsTask());     // there is room again

        var codes = new List<EngineErrorCode?>();
        foreach (var call in calls)
        {
            codes.Add(await Record.ExceptionAsync(() => call) is { } failure ? Assert.IsType<EngineException>(failure).Code : null);
        }

        var taken = codes.TakeWhile(static code => code is null).Count();
        Assert.Equal(64, taken);
        Assert.Equal(EngineErrorCode.Overloaded, codes[taken]);
        Assert.All(codes.Skip(taken + 1), static code => Assert.Equal(EngineErrorCode.JournalUnavailable, code));
        Assert.Equal(1 + taken, (await journal.ReadExtentAsync(Shard)).End.Value);
        await journal.CommitAsync(Append(fence, taken + 2));
    }

    [Fact]
    public async Task A_database_that_stays_away_fails_commits_and_their_owner_goes_on_where_the_log_ends()
    {
        await using var journal = await OpenAsync(outageMax: TimeSpan.FromMilliseconds(300));
        var fence = (await journal.AcquireAsync(Shard)).Fence;
        await journal.CommitAsync(Append(fence, 1));
        _proxy.Refuses = true;
        _proxy.Break();

        await FailsAsync(EngineErrorCode.JournalUnavailable, () => journal.CommitAsync(Append(fence, 2)).AsTask());
        await FailsAsync(EngineErrorCode.JournalUnavailable, () => journal.CommitAsync(Append(fence, 3)).AsTask());
        await FailsAsync(EngineErrorCode.JournalUnavailable, () => journal.AcquireAsync(new ShardId("default", 8)).AsTask());
        await FailsAsync(EngineErrorCode.JournalUnavailable, () => journal.ReadRowAsync(Shard, new RowKey(RowKind.Peer, default)).AsTask());
        _proxy.Refuses = false;
        await FailsAsync(EngineErrorCode.JournalUnavailable, () => journal.CommitAsync(Append(fence, 2)).AsTask());

        Assert.Equal(1, (await journal.ReadExtentAsync(Shard)).End.Value);
        await journal.CommitAsync(Append(fence, 2));
        await AssertRecordsAsync(journal, 2);
    }

    [Fact]
    public async Task Commits_wait_out_a_server_that_crashes_and_comes_back()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var journal = await PostgreSqlJournal.OpenAsync(new PostgreSqlJournalOptions { ConnectionString = server.ConnectionString });
        var fence = (await journal.AcquireAsync(Shard)).Fence;
        var commits = Enumerable.Range(1, 200).Select(position => journal.CommitAsync(Append(fence, position)).AsTask()).ToList();
        await commits[0];
        await server.StopAsync("QUIT");
        commits.AddRange(Enumerable.Range(201, 200).Select(position => journal.CommitAsync(Append(fence, position)).AsTask()));
        await server.RunAsync();

        await Task.WhenAll(commits);
        await AssertRecordsAsync(journal, 400);
    }

    [Fact]
    public async Task A_role_that_does_not_wait_for_the_disk_loses_nothing_all_the_same()
    {
        await using var server = await PostgresServer.StartAsync("synchronous_commit=off", "wal_writer_delay=10s");
        await using var journal = await PostgreSqlJournal.OpenAsync(new PostgreSqlJournalOptions { ConnectionString = server.ConnectionString });
        var fence = (await journal.AcquireAsync(Shard)).Fence;
        for (var position = 1; position <= 20; position++)
        {
            await journal.CommitAsync(Append(fence, position));
        }

        await server.StopAsync("QUIT");
        await server.RunAsync();
        await AssertRecordsAsync(journal, 20);
    }

    [Fact]
    public async Task A_server_that_does_not_flush_is_refused()
    {
        await using var server = await PostgresServer.StartAsync("fsync=off");
        var failure = await FailsAsync(EngineErrorCode.OptionsInvalid, () => PostgreSqlJournal.OpenAsync(
            new PostgreSqlJournalOptions { ConnectionString = server.ConnectionString }));
        Assert.Contains("fsync", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_owner_that_another_process_followed_is_fenced_and_no_longer_counts_the_tail()
    {
        await using var old = await OpenAsync();
        await using var next = await OpenAsync();
        var fence = (await old.AcquireAsync(Shard)).Fence;
        await old.CommitAsync(Append(fence, 1));
        var taken = await next.AcquireAsync(Shard);

        await FailsAsync(EngineErrorCode.ShardFenced, () => old.CommitAsync(Append(fence, 2)).AsTask());
        await next.CommitAsync(Append(taken.Fence, 2));

        Assert.Equal((0, 2 * 8), (old.TailBytes, next.TailBytes));
        await AssertRecordsAsync(old, 2);
    }

    [Fact]
    public async Task Nodes_that_open_an_empty_database_at_once_make_one_store()
    {
        var journals = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OpenAsync()));
        Assert.Single(journals.Select(journal => Convert.ToHexString(journal.StoreId.Span)).Distinct());
        await Task.WhenAll(journals.Select(journal => journal.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task A_newer_layout_and_another_program_s_schema_are_refused_as_they_are()
    {
        await (await OpenAsync()).DisposeAsync();
        await _server.ExecuteAsync($"INSERT INTO {_schema}.layout VALUES (3)");
        await FailsAsync(EngineErrorCode.JournalVersionUnsupported, OpenAsync);

        await _server.ExecuteAsync($"DROP SCHEMA {_schema} CASCADE; CREATE SCHEMA {_schema}; CREATE TABLE {_schema}.theirs ()");
        await FailsAsync(EngineErrorCode.JournalCorrupt, OpenAsync);
        await _server.ExecuteAsync($"SELECT FROM {_schema}.theirs");
    }

    [Fact]
    public async Task A_record_missing_from_the_log_is_damage_not_an_end()
    {
        await using var journal = await OpenAsync();
        var fence = (await journal.AcquireAsync(Shard)).Fence;
        for (var position = 1; position <= 5; position++)
        {
            await journal.CommitAsync(Append(fence, position));
        }

        foreach (var position in new[] { 5, 3 })
        {
            await _server.ExecuteAsync($"DELETE FROM {_schema}.log WHERE position = {position}");
            await FailsAsync(EngineErrorCode.JournalCorrupt, () => journal.ReadRecordsAsync(Shard, default).ToListAsync().AsTask());
        }
    }

    [Theory]
    [InlineData("Kyberium")]
    [InlineData("a-b")]
    [InlineData("")]
    [InlineData("x; DROP SCHEMA public")]
    public async Task A_schema_s_name_is_an_identifier(string schema) => await FailsAsync(
        EngineErrorCode.OptionsInvalid,
        () => PostgreSqlJournal.OpenAsync(new PostgreSqlJournalOptions { ConnectionString = _server.ConnectionString, Schema = schema }));

    [Fact]
    public async Task Nobody_at_the_address_and_a_wrong_password_say_where_and_never_the_password()
    {
        foreach (var text in new[] { "Host=127.0.0.1;Port=1;Username=kyberium;Password=secret-word", $"{_server.ConnectionString};Database=nowhere;Password=secret-word" })
        {
            var failure = await FailsAsync(EngineErrorCode.JournalUnavailable, () => PostgreSqlJournal.OpenAsync(
                new PostgreSqlJournalOptions { ConnectionString = text }));
            Assert.Contains("127.0.0.1", failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret-word", failure.ToString(), StringComparison.Ordinal);
        }
    }

    private static JournalCommit Append(Fence fence, long position, params RowChange[] rows) => new()
    {
        Shard = Shard, Fence = fence, Position = new LogPosition(position), Record = BitConverter.GetBytes(position), Rows = rows,
    };

    private static async Task AssertRecordsAsync(PostgreSqlJournal journal, int count) => Assert.Equal(
        Enumerable.Range(1, count).Select(static i => ((long)i, (long)i)),
        await journal.ReadRecordsAsync(Shard, default)
            .Select(static record => (record.Position.Value, BitConverter.ToInt64(record.Bytes.Span))).ToListAsync());

    private static async Task<EngineException> FailsAsync(EngineErrorCode code, Func<Task> act)
    {
        var failure = await Assert.ThrowsAsync<EngineException>(act);
        Assert.Equal(code, failure.Code);
        return failure;
    }

    private Task<PostgreSqlJournal> OpenAsync() => OpenAsync(TimeSpan.FromSeconds(60));

    private Task<PostgreSqlJournal> OpenAsync(TimeSpan outageMax) => PostgreSqlJournal.OpenAsync(new PostgreSqlJournalOptions
    {
        ConnectionString = new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Port = _proxy.Port }.ConnectionString,
        Schema = _schema, WriterCount = 1, OutageMax = outageMax,
    });
}

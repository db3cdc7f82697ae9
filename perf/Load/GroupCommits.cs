using System.Diagnostics;
using Kyberium.Measuring;
using Microsoft.Data.Sqlite;

namespace Kyberium.Load;

/// <summary>The neighbour of a durable send: SQLite alone, one thread that writes all that waits as one row and commits, synchronous=FULL.</summary>
internal sealed class GroupCommits : IDisposable
{
    /// <summary>What a durable message of 256 bytes takes in the engine's log, with its share of the record around it.</summary>
    internal const int MessageBytes = 300;

    private const int BatchMax = 4_096;

    private readonly string _directory = Directory.CreateTempSubdirectory("kyberium-perf-sqlite-").FullName;
    private readonly SqliteConnection _connection;
    private readonly List<TaskCompletionSource> _waiting = [];
    private readonly Thread _writer;
    private Exception? _failure;
    private bool _ends;
    private long _taken;

    internal GroupCommits()
    {
        Store.LoadSqlite();
        _connection = new SqliteConnection($"Data Source={Path.Combine(_directory, "bare.db")};Pooling=False");
        _connection.Open();
        Execute("PRAGMA journal_mode=WAL");
        Execute("PRAGMA synchronous=FULL");
        Execute("CREATE TABLE log(position INTEGER PRIMARY KEY, record BLOB NOT NULL)");
        _writer = new Thread(Write) { IsBackground = true };
        _writer.Start();
    }

    /// <summary>Gets how long each commit took, its flush included.</summary>
    internal LatencyHistogram Commits { get; } = new();

    /// <summary>Completes when one more message is durable.</summary>
    internal Task AppendAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiting)
        {
            if (_failure is not null)
            {
                return Task.FromException(_failure);
            }

            _waiting.Add(done);
            _taken++;
            Monitor.Pulse(_waiting);
        }

        return done.Task;
    }

    /// <summary>Reads back what was committed.</summary>
    /// <exception cref="InvalidOperationException">Something is missing.</exception>
    internal void Check()
    {
        lock (_waiting)
        {
            using var command = _connection.CreateCommand();
            command.CommandText = "SELECT coalesce(sum(length(record)), 0) FROM log";
            if ((long)command.ExecuteScalar()! != _taken * MessageBytes)
            {
                throw new InvalidOperationException("not everything that was committed is there");
            }
        }
    }

    public void Dispose()
    {
        lock (_waiting)
        {
            _ends = true;
            Monitor.Pulse(_waiting);
        }

        _writer.Join();
        _connection.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void Write()
    {
        try
        {
            while (Take() is { Length: > 0 } batch)
            {
                var began = Stopwatch.GetTimestamp();
                Commit(batch.Length);
                Commits.Add((long)Stopwatch.GetElapsedTime(began).TotalNanoseconds);
                ThreadPool.UnsafeQueueUserWorkItem(static done => Array.ForEach(done, one => one.SetResult()), batch, preferLocal: false);
            }
        }
#pragma warning disable CA1031 // Handed to whoever waits or comes later.
        catch (Exception failure)
        {
            lock (_waiting)
            {
                _failure = failure;
                _waiting.ForEach(done => done.SetException(failure));
            }
        }
#pragma warning restore CA1031
    }

    private TaskCompletionSource[] Take()
    {
        lock (_waiting)
        {
            while (_waiting.Count == 0 && !_ends)
            {
                Monitor.Wait(_waiting);
            }

            var batch = _waiting.Take(BatchMax).ToArray();
            _waiting.RemoveRange(0, batch.Length);
            return batch;
        }
    }

    private void Commit(int messages)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "INSERT INTO log(record) VALUES ($record)";     // a statement alone is a transaction
        command.Parameters.AddWithValue("$record", new byte[messages * MessageBytes]);
        command.ExecuteNonQuery();
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}

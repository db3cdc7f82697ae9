using System.Data;
using Npgsql;
using NpgsqlTypes;

namespace Kyberium.Engine.PostgreSql;

/// <summary>Commits that go into one transaction: one call, one round trip.</summary>
internal sealed class Flush
{
    // Of one shard in the order of their calls; shards in one order everywhere, so that two flushes never wait for each other.
    private readonly List<(ShardSeat Seat, CommitWork Work)> _commits;

    internal Flush(IEnumerable<(ShardSeat Seat, CommitWork Work)> commits) => _commits = [.. commits.OrderBy(static commit => commit.Seat.Id)];

    internal bool IsEmpty => _commits.Count == 0;

    internal IEnumerable<ShardSeat> Seats => _commits.Select(static commit => commit.Seat).Distinct();

    internal async Task ApplyAsync(NpgsqlConnection connection, string schema)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT verdict, fence, ended, tail_bytes FROM {schema}.apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        Bind(command.Parameters);
        var answers = new List<Answer>(_commits.Count);
        await using (var reader = await command.ExecuteReaderAsync(CommandBehavior.SingleResult).ConfigureAwait(false))
        {
            while (await reader.ReadAsync().ConfigureAwait(false))
            {
                answers.Add(new Answer(
                    (Verdict)reader.GetInt16(0), new Fence(reader.GetInt64(1)), new LogPosition(reader.GetInt64(2)),
                    reader.IsDBNull(3) ? 0 : reader.GetInt64(3)));
            }
        }

        // The transaction ended before its last answer was read.
        Settle(answers);
    }

    /// <summary>Answers the commits that a transaction of unknown outcome is now known to have applied, and keeps the others.</summary>
    /// <param name="seat">The shard.</param>
    /// <param name="fence">The fence its commits were made under.</param>
    /// <param name="before">Where the shard ended before that transaction.</param>
    /// <param name="row">The shard's row since no commit of that transaction can arrive any more.</param>
    internal void Resolve(ShardSeat seat, Fence fence, LogPosition before, ShardRow row)
    {
        var own = _commits.FindAll(commit => commit.Seat == seat && commit.Work.Commit.Fence == fence);
        if (row.Extent.Fence != fence)
        {
            own.ForEach(commit => Fail(commit, PostgreSqlErrors.OutcomeUnknown(seat.Shard)));
            _commits.RemoveAll(own.Contains);
            return;
        }

        // With a record that was applied, all before it was: rows alone would not show it. What is left may be applied twice.
        var applied = own.FindLastIndex(commit => commit.Work.Commit is { Record: not null, Position: var position }
            && position.Value > before.Value && position.Value <= row.Extent.End.Value);
        foreach (var commit in own.Take(applied + 1))
        {
            commit.Work.Succeed();
            _commits.Remove(commit);
        }
    }

    internal void FailAll(Exception failure)
    {
        _commits.ForEach(commit => Fail(commit, failure));
        _commits.Clear();
    }

    private static void Fail((ShardSeat Seat, CommitWork Work) commit, Exception failure)
    {
        commit.Seat.FailedUnder = commit.Work.Commit.Fence;
        commit.Work.Fail(failure);
    }

    private void Bind(NpgsqlParameterCollection parameters)
    {
        var rows = _commits.SelectMany(static (commit, i) => commit.Work.Commit.Rows.Select(row => (Of: i + 1, Change: row))).ToList();
        Add(NpgsqlDbType.Integer, _commits.ConvertAll(static c => c.Seat.Id));
        Add(NpgsqlDbType.Bigint, _commits.ConvertAll(static c => c.Work.Commit.Fence.Value));
        Add(NpgsqlDbType.Bigint, _commits.ConvertAll(static c => c.Seat.Turn));
        Add(NpgsqlDbType.Bigint, _commits.ConvertAll(static c => c.Work.Commit.Record is null ? null : (long?)c.Work.Commit.Position.Value));
        Add(NpgsqlDbType.Bytea, _commits.ConvertAll(static c => Bytes(c.Work.Commit.Record)));
        Add(NpgsqlDbType.Bigint, _commits.ConvertAll(static c => c.Work.Commit.TruncateThrough?.Value));
        Add(NpgsqlDbType.Integer, rows.ConvertAll(static row => row.Of));
        Add(NpgsqlDbType.Smallint, rows.ConvertAll(static row => (short)row.Change.Key.Kind));
        Add(NpgsqlDbType.Bytea, rows.ConvertAll(static row => row.Change.Key.Key));
        Add(NpgsqlDbType.Bytea, rows.ConvertAll(static row => Bytes(row.Change.Value)));

        void Add(NpgsqlDbType element, object values) =>
            parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | element, Value = values });
    }

    // An array of bytes is what the driver takes as an element that may be null.
    private static byte[]? Bytes(ReadOnlyMemory<byte>? bytes) => bytes?.ToArray();

    private void Settle(List<Answer> answers)
    {
        for (var i = 0; i < _commits.Count; i++)
        {
            var ((seat, work), answer) = (_commits[i], answers[i]);
            var commit = work.Commit;
            if (answer.Fence.Value > seat.Fence.Value)
            {
                seat.Lose();
            }
            else if (i == _commits.Count - 1 || _commits[i + 1].Seat != seat)
            {
                seat.Advance(EndOf(i, answers), answer.TailBytes);
            }

            switch (answer.Verdict)
            {
                case Verdict.Applied:
                    work.Succeed();
                    break;
                case Verdict.Fenced:
                    work.Fail(PostgreSqlErrors.Fenced(seat.Shard, commit.Fence, answer.Fence));     // and so will all that follow
                    break;
                case Verdict.OutOfOrder:
                    Fail(_commits[i], PostgreSqlErrors.OutOfOrder(seat.Shard, commit.Position, answer.End));
                    break;
                case Verdict.TruncatesBeyondEnd:
                    Fail(_commits[i], PostgreSqlErrors.TruncatesBeyondEnd(seat.Shard, commit.TruncateThrough!.Value, answer.End));
                    break;
                case Verdict.TooLate:
                    Fail(_commits[i], PostgreSqlErrors.OutcomeUnknown(seat.Shard));
                    break;
                default:
                    Fail(_commits[i], PostgreSqlErrors.FollowsFailure(seat.Shard));
                    break;
            }
        }

        _commits.Clear();
    }

    /// <summary>Gets where the shard of the commit at <paramref name="last"/>, its last here, ends now.</summary>
    private LogPosition EndOf(int last, List<Answer> answers)
    {
        var end = answers[last].End;
        for (var i = last; i >= 0 && _commits[i].Seat == _commits[last].Seat; i--)
        {
            if (answers[i].Verdict == Verdict.Applied && _commits[i].Work.Commit is { Record: not null, Position: var position })
            {
                return position.Value > end.Value ? position : end;
            }
        }

        return end;
    }

    private enum Verdict : short
    {
        Applied = 0,
        Fenced = 1,
        OutOfOrder = 2,
        TruncatesBeyondEnd = 3,
        FollowsRefused = 4,
        TooLate = 5,
    }

    /// <param name="Verdict">What became of the commit.</param>
    /// <param name="Fence">The shard's fence.</param>
    /// <param name="End">Where the shard ended before the commit.</param>
    /// <param name="TailBytes">With a shard's last commit: its tail after all of them.</param>
    private readonly record struct Answer(Verdict Verdict, Fence Fence, LogPosition End, long TailBytes);
}

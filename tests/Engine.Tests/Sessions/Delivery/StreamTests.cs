using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Delivery;

/// <summary>What both ends of a stream keep, how much of it, and which rows of the store they ask to be deleted.</summary>
public sealed class StreamTests
{
    private static readonly StreamId First = new(1, 1);
    private static readonly StreamId Second = new(2, 2);

    private readonly OutgoingStream _outgoing = new();
    private readonly IncomingStream _incoming = new();

    public StreamTests() => _outgoing.Open(First);

    [Fact]
    public void Sixty_four_operations_are_remembered_and_the_oldest_gives_way()
    {
        for (var i = 1; i <= 65; i++)
        {
            _outgoing.Add(Message(i));
            _outgoing.AcknowledgeThrough((ulong)i);
            Assert.True(_outgoing.Knows(Operation(1), out _) == i <= 64, $"after {i}");
        }

        Assert.All(Enumerable.Range(2, 64), i => Assert.True(_outgoing.Knows(Operation(i), out var number) && number == 0));
        Assert.Equal(64, _outgoing.Completed.Count);
    }

    [Fact]
    public void An_operation_in_the_outbox_is_known_by_its_number()
    {
        for (var i = 1; i <= 5; i++)
        {
            _outgoing.Add(Message(i));
        }

        _outgoing.AcknowledgeThrough(2);
        Assert.Equal([(true, 0UL), (true, 0UL), (true, 3UL), (true, 4UL), (true, 5UL), (false, 0UL)], Enumerable.Range(1, 6).Select(i =>
            (_outgoing.Knows(Operation(i), out var number), number)));
    }

    [Fact]
    public void Sixteen_streams_are_known_as_retired_on_either_side_and_the_oldest_gives_way()
    {
        for (var i = 2UL; i <= 18; i++)
        {
            _outgoing.Reset(new StreamId(i, i));
            _incoming.Adopt(new StreamId(i, i), 1);
            Assert.Equal((int)i - 1 <= 16, _outgoing.Retired.Contains(First));
        }

        _incoming.Adopt(First, 1);
        Assert.Equal(Enumerable.Range(2, 16).Select(i => new StreamId((ulong)i, (ulong)i)), _outgoing.Retired);
        Assert.Equal(Enumerable.Range(3, 16).Select(i => new StreamId((ulong)i, (ulong)i)), _incoming.Retired);
    }

    [Fact]
    public void Whatever_was_acknowledged_in_an_earlier_stream_counts_as_acknowledged_until_the_peer_is_forgotten()
    {
        _outgoing.Add(Message(1));
        Assert.False(_outgoing.WasAcknowledged);
        _outgoing.AcknowledgeThrough(1);
        Assert.True(_outgoing.WasAcknowledged);
        _outgoing.Reset(Second);
        Assert.True(_outgoing.WasAcknowledged);
        _outgoing.Clear();
        Assert.False(_outgoing.WasAcknowledged);
    }

    [Fact]
    public void A_turn_is_counted_each_time_another_stream_is_known_or_none()
    {
        var first = _incoming.Turn;
        _incoming.Adopt(First, 1);
        _incoming.Adopt(Second, 1);
        _incoming.Forget();
        Assert.Equal((1, 4), (first, _incoming.Turn));
        Assert.NotEqual(default(GreetingBaseline).IncomingTurn, first);      // the baseline of who remembers none is nobody's last word
    }

    [Fact]
    public void The_first_stream_follows_none()
    {
        _incoming.Adopt(First, 1);
        var unopened = new OutgoingStream();
        unopened.Reset(Second);

        Assert.Empty(_incoming.Retired);
        Assert.Empty(unopened.Retired);
    }

    [Fact]
    public void Rows_of_what_was_acknowledged_are_deleted_and_there_are_none_of_what_was_never_stored()
    {
        AddStored(1, 2);
        _outgoing.Add(Message(3));
        _outgoing.AcknowledgeThrough(3);
        Assert.Equal([1UL, 2UL], _outgoing.StaleRows);
    }

    [Fact]
    public void A_new_stream_deletes_the_rows_under_the_old_numbers_and_has_none_of_its_own_yet()
    {
        AddStored(1, 2, 3);
        _outgoing.Add(Message(4));
        _outgoing.AcknowledgeThrough(1);
        _outgoing.StaleRows.Clear();
        _outgoing.Reset(Second);

        Assert.Equal([2UL, 3UL], _outgoing.StaleRows);
        Assert.Equal([2, 3, 4], Enumerable.Range(1, 3).Select(i => (int)_outgoing[(ulong)i].Payload.Span[0]));
        Assert.All(Enumerable.Range(1, 3), i => Assert.Equal(RowState.Absent, _outgoing[(ulong)i].Row));
        Assert.Equal((1UL, 4UL, 3L), (_outgoing.LowestUnacknowledged, _outgoing.Next, _outgoing.PayloadBytes));
    }

    [Fact]
    public void A_forgotten_peers_outbox_leaves_no_row_and_knows_nothing()
    {
        AddStored(1, 2, 3, 4);
        _outgoing.AcknowledgeThrough(1);
        _outgoing.Stopped = StopReason.HistoriesDiffer;
        _outgoing.Reset(Second);
        _outgoing.AcknowledgeThrough(1);
        _outgoing[2].Row = RowState.Current;
        _outgoing[3].Row = RowState.Outdated;
        _outgoing.StaleRows.Clear();
        _outgoing.Stopped = StopReason.HistoriesDiffer;
        _outgoing.UnansweredSince = new MonotonicMillis(5);
        _outgoing.ResendAt = new MonotonicMillis(6);
        _outgoing.Window = 16;
        _outgoing.Timer.Expired();
        _outgoing.Clear();

        Assert.Equal([2UL, 3UL], _outgoing.StaleRows);
        Assert.Equal((default, 1UL, 1UL, 0, 0L), (_outgoing.Id, _outgoing.LowestUnacknowledged, _outgoing.Next, _outgoing.Count, _outgoing.PayloadBytes));
        Assert.Equal((null, null, MonotonicMillis.Never), (_outgoing.Stopped, _outgoing.UnansweredSince, _outgoing.ResendAt));
        Assert.Equal((0, 0, 0UL), (_outgoing.Window, _outgoing.Timer.Doublings, _outgoing.SentThrough));
        Assert.Empty(_outgoing.Retired);
        Assert.False(_outgoing.Knows(Operation(1), out _));
    }

    [Theory]
    [InlineData("Absent", "Absent")]
    [InlineData("Current", "Outdated")]
    [InlineData("Outdated", "Outdated")]
    public void A_row_that_holds_a_message_as_it_was_is_written_again(string before, string after)
    {
        _outgoing.Add(Message(1));
        _outgoing[1].Row = Enum.Parse<RowState>(before);
        _outgoing.Expire(1);
        var accepted = Accepted(First, 1);
        accepted.Row = Enum.Parse<RowState>(before);
        accepted.Changed();

        Assert.Equal((after, after), (_outgoing[1].Row.ToString(), accepted.Row.ToString()));
    }

    [Fact]
    public void A_forgotten_peers_inbox_leaves_no_row_and_knows_nothing()
    {
        _incoming.Adopt(Second, 1);
        _incoming.Adopt(First, 1);
        foreach (var (ordinal, row) in new[] { (1UL, RowState.Current), (2UL, RowState.Absent), (3UL, RowState.Outdated) })
        {
            var message = Accepted(First, ordinal);
            message.Row = row;
            _incoming.Unhandled.AddLast(message);
        }

        _incoming.PayloadBytes = 3;
        _incoming.Stopped = StopReason.HistoriesDiffer;
        _incoming.Clear();

        Assert.Equal([1UL, 3UL], _incoming.StaleRows);
        Assert.Equal((default, 1UL, null, null), (_incoming.Id, _incoming.Expected, _incoming.ChainBelow, _incoming.Stopped));
        Assert.Empty(_incoming.Unhandled);
        Assert.Empty(_incoming.Retired);
        Assert.Equal(0, _incoming.PayloadBytes);
    }

    [Fact]
    public void A_message_is_found_by_its_stream_and_its_number_together()
    {
        _incoming.Unhandled.AddLast(Accepted(First, 1));
        _incoming.Unhandled.AddLast(Accepted(First, 2));
        _incoming.Unhandled.AddLast(Accepted(Second, 1));

        Assert.Same(_incoming.Unhandled.Last, _incoming.Find(Second, 1));
        Assert.Same(_incoming.Unhandled.First!.Next, _incoming.Find(First, 2));
        Assert.Null(_incoming.Find(Second, 2));
    }

    [Fact]
    public void The_chain_below_a_stream_taken_up_in_its_middle_is_not_known()
    {
        _incoming.Adopt(First, 1);
        Assert.Equal(ChainHash.Start(First), _incoming.ChainBelow);
        _incoming.Adopt(Second, 2);
        Assert.Null(_incoming.ChainBelow);
    }

    private void AddStored(params int[] operations)
    {
        foreach (var operation in operations)
        {
            var message = Message(operation);
            message.Row = RowState.Current;
            _outgoing.Add(message);
        }
    }

    private static OutgoingMessage Message(int operation) => new()
    {
        Operation = Operation(operation), Flags = MessageFlags.None, ChainFlags = MessageFlags.None,
        Payload = new[] { (byte)operation }, ExpiresAt = null,
    };

    private static IncomingMessage Accepted(StreamId stream, ulong number) => new()
    {
        Stream = stream, Number = number, Ordinal = number, Flags = MessageFlags.None, Payload = new byte[1],
    };

    private static Guid Operation(int value) => new(value, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);
}

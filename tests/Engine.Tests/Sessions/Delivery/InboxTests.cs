using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Delivery;

/// <summary>The bounds of the inbox, and what the application is told of what is in it.</summary>
public sealed class InboxTests
{
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void The_first_stream_is_reported_as_taken_up_and_a_later_one_as_the_loss_of_the_former()
    {
        _world.Send(A, "one");
        _world.Run();
        Assert.True(B.Reported(PeerReport.StreamAdopted));
        Assert.False(B.Reported(PeerReport.PeerStateLost));
        B.Told.Clear();
        _world.Do(A, new PeerCommand.ResetStream(Outgoing: true, Incoming: false));
        _world.Send(A, "two");
        _world.Run();
        Assert.True(B.Reported(PeerReport.PeerStateLost));
        Assert.False(B.Reported(PeerReport.StreamAdopted));
    }

    [Fact]
    public void An_inbox_takes_bytes_up_to_its_bound()
    {
        var world = Pair.Connected(new WorldOptions { LimitsB = WorldOptions.Limits with { InboxBytesMax = 6 } });
        world.Send(world.A, "abc");
        world.Send(world.A, "def");
        world.Send(world.A, "g");
        world.Run();
        Assert.Equal(["abc", "def"], world.B.Inbox());
        world.Do(world.B, new PeerCommand.Handled(world.B.State.Incoming.Id, 1));
        world.Pass(5_000);
        Assert.Equal(["def", "g"], world.B.Inbox());
    }

    [Fact]
    public void A_stream_that_stands_still_takes_nothing_and_answers_nothing()
    {
        _world.Send(A, "one");
        _world.Run();
        PeerFacts.Apply(B.State, new PeerEvent.IncomingStopped(StopReason.HistoriesDiffer));
        _world.Send(A, "two");
        _world.Run();
        Assert.Equal(["one"], B.Inbox());
        Assert.Equal(1, A.State.Outgoing.Count);
    }

    [Fact]
    public void A_message_nobody_knows_cannot_be_handled_failed_retried_or_dropped()
    {
        PeerCommand[] commands =
        [
            new PeerCommand.Handled(new StreamId(1, 1), 1), new PeerCommand.Failed(new StreamId(1, 1), 1),
            new PeerCommand.RetrySetAside(new StreamId(1, 1), 1), new PeerCommand.DropSetAside(new StreamId(1, 1), 1),
        ];
        Assert.All(commands, command => Assert.Equal(EngineErrorCode.MessageUnknown, _world.Do(B, command).Error));
    }

    [Fact]
    public void Only_a_message_set_aside_can_be_retried_or_dropped()
    {
        _world.Send(A, "one");
        _world.Run();
        var stream = B.State.Incoming.Id;
        Assert.Equal(EngineErrorCode.MessageUnknown, _world.Do(B, new PeerCommand.RetrySetAside(stream, 1)).Error);
        Assert.Equal(EngineErrorCode.MessageUnknown, _world.Do(B, new PeerCommand.DropSetAside(stream, 1)).Error);
    }

    [Fact]
    public void The_application_is_told_of_what_is_there_for_it_and_of_nothing_else()
    {
        _world.Send(A, "one");
        _world.Run();
        Assert.Equal(1, TakeInboxReady());
        _world.Do(B, new PeerCommand.Failed(B.State.Incoming.Id, 1));
        Assert.False(B.Reported(PeerReport.MessageSetAside));
        Assert.Equal(1, TakeInboxReady());
        for (var i = 0; i < 4; i++)
        {
            _world.Do(B, new PeerCommand.Failed(B.State.Incoming.Id, 1));
        }

        TakeInboxReady();
        _world.Do(B, new PeerCommand.RetrySetAside(B.State.Incoming.Id, 1));
        Assert.Equal(1, TakeInboxReady());

        _world.Send(A, "old", new UnixMillis(_world.Now));
        _world.Take(A, EnvelopeType.Message);
        _world.Pass(1_000);
        Assert.Equal(3UL, B.State.Incoming.Expected);
        Assert.Equal(0, TakeInboxReady());
    }

    [Theory]
    [InlineData((byte)(MessageFlags.Chunk | MessageFlags.ChunkEnd), TransferId.Size, true)]
    [InlineData((byte)(MessageFlags.Chunk | MessageFlags.ChunkEnd), TransferId.Size + 1, false)]
    [InlineData((byte)MessageFlags.Chunk, TransferId.Size, false)]
    [InlineData((byte)MessageFlags.ChunkEnd, TransferId.Size, false)]
    [InlineData((byte)MessageFlags.None, TransferId.Size, false)]
    public void A_transfer_given_up_is_an_end_mark_that_is_a_chunk_and_holds_its_id_only(byte flags, int length, bool isAborted)
    {
        var payload = Enumerable.Range(1, length).Select(value => (byte)value).ToArray();
        _world.Do(A, new PeerCommand.Send(default, false, (MessageFlags)flags, null, payload));
        _world.Run();
        Assert.Equal(
            isAborted ? [TransferId.Read(payload)] : [], B.Told.OfType<PeerEffect.TransferAborted>().Select(effect => effect.Transfer));
    }

    [Theory]
    [InlineData(ChainHash.DigestSize)]
    [InlineData(ChainHash.DigestSize + 2)]
    public void A_void_that_holds_no_digest_is_not_accepted(int length)
    {
        _world.Send(A, "one");
        var packet = Assert.Single(_world.Take(A, EnvelopeType.Message));
        var stream = A.State.Outgoing;
        var record = new DeliveryMessage(stream.Id, 1, 1, stream.ChainBelow, MessageFlags.Void, new byte[length]).Encode();
        _world.Deliver(packet with { Bytes = record });
        Assert.Equal(1UL, B.State.Incoming.Expected);
        Assert.Empty(_world.Take(B, EnvelopeType.Acknowledge));
    }

    [Fact]
    public void A_stream_taken_up_in_its_middle_learns_its_chain_from_the_first_message()
    {
        _world.Send(A, "one");
        _world.Run();
        _world.Do(B, new PeerCommand.ResetStream(Outgoing: false, Incoming: true));
        _world.Send(A, "two");
        _world.Send(A, "three");
        _world.Run();
        Assert.Equal(["one", "two", "three"], B.Inbox());
        Assert.Equal(A.State.Outgoing.ChainLast, B.State.Incoming.ChainBelow);
        Assert.Equal(0, A.State.Outgoing.Count);
    }

    private int TakeInboxReady()
    {
        var count = B.Told.Count(effect => effect is PeerEffect.InboxReady);
        B.Told.Clear();
        return count;
    }
}

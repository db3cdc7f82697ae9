using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: a peer's refusal finds the call that still sends, here or by another node, and the operation it belongs to; what is remembered is bounded.</summary>
public sealed class OutgoingTransfersTests
{
    private static readonly PeerKey Peer = new(IdentityName.Default, new PeerId("bob"));
    private static readonly PeerKey Other = new(IdentityName.Default, new PeerId("carol"));
    private static readonly TransferId Transfer = new(1);
    private static readonly Guid Operation = Guid.NewGuid();

    private readonly OutgoingTransfers _transfers = new();

    [Fact]
    public void A_refusal_ends_the_call_that_sends_it_and_no_other()
    {
        using var mine = _transfers.Begin(Peer, Transfer, Operation);
        using var another = _transfers.Begin(Peer, new TransferId(2), Guid.NewGuid());
        using var ofAnother = _transfers.Begin(Other, Transfer, Guid.NewGuid());
        _transfers.Refuse(Peer, Transfer);
        Assert.Equal((true, false, false), (mine.IsRefused, another.IsRefused, ofAnother.IsRefused));
        Assert.Equal((true, false, false), (mine.Refused.IsCancellationRequested, another.Refused.IsCancellationRequested, ofAnother.Refused.IsCancellationRequested));
    }

    [Fact]
    public void A_refusal_that_comes_after_the_call_still_says_which_operation_it_was()
    {
        var ended = _transfers.Begin(Peer, Transfer, Operation);
        ended.Dispose();
        _transfers.Refuse(Peer, Transfer);
        Assert.True(ended.IsRefused);
        Assert.Equal(Operation, _transfers.OperationOf(Peer, Transfer));
        Assert.Null(_transfers.OperationOf(Other, Transfer));
    }

    [Fact]
    public void A_thousand_and_twenty_four_that_ended_are_remembered_and_those_under_way_all()
    {
        using var underWay = _transfers.Begin(Other, Transfer, Operation);
        for (var i = 1; i <= 1_025; i++)
        {
            _transfers.Begin(Peer, new TransferId((UInt128)i), Operation).Dispose();
            Assert.Equal(i <= 1_024 ? Operation : null, _transfers.OperationOf(Peer, new TransferId(1)));
        }

        Assert.Equal(Operation, _transfers.OperationOf(Peer, new TransferId(2)));
        Assert.Equal(Operation, _transfers.OperationOf(Other, Transfer));
    }

    [Fact]
    public void What_is_passed_on_goes_on_until_the_peer_refuses_it()
    {
        Assert.True(_transfers.TryPassOn(Peer, Transfer, Operation));
        Assert.True(_transfers.TryPassOn(Peer, Transfer, Operation));
        Assert.Equal(Operation, _transfers.OperationOf(Peer, Transfer));
        _transfers.Refuse(Peer, Transfer);
        Assert.False(_transfers.TryPassOn(Peer, Transfer, Operation));
        Assert.True(_transfers.TryPassOn(Other, Transfer, Operation));
        Assert.True(_transfers.TryPassOn(Peer, new TransferId(2), Operation));
    }

    [Fact]
    public void The_operation_of_the_latest_part_counts()
    {
        _transfers.TryPassOn(Peer, Transfer, Guid.NewGuid());
        _transfers.TryPassOn(Peer, Transfer, Operation);
        Assert.Equal(Operation, _transfers.OperationOf(Peer, Transfer));
    }

    [Fact]
    public void Of_those_passed_on_the_longest_unused_gives_way()
    {
        for (var i = 1; i <= 1_024; i++)
        {
            _transfers.TryPassOn(Peer, new TransferId((UInt128)i), Operation);
        }

        Assert.Equal(Operation, _transfers.OperationOf(Peer, new TransferId(1)));
        _transfers.TryPassOn(Peer, new TransferId(1), Operation);
        _transfers.TryPassOn(Peer, new TransferId(2_000), Operation);
        Assert.Equal((Operation, null, Operation), Of(1, 2, 3));
        _transfers.TryPassOn(Peer, new TransferId(2_001), Operation);
        Assert.Equal((Operation, null, null), Of(1, 2, 3));

        (Guid?, Guid?, Guid?) Of(int a, int b, int c) => (At(a), At(b), At(c));
        Guid? At(int transfer) => _transfers.OperationOf(Peer, new TransferId((UInt128)transfer));
    }

    [Fact]
    public void A_refusal_of_what_nobody_sends_is_nothing() => _transfers.Refuse(Peer, Transfer);
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>The hard limit of an epoch's age (PROTOCOL section 6): messages wait, everything else goes on, no session is closed.</summary>
public sealed class EpochAgeTests
{
    private const long Hour = 3_600_000;
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void Past_thirty_hours_messages_wait_and_the_rekey_goes_on_being_asked_for()
    {
        var session = A.State.Sending!.Id;
        var began = _world.Now;
        _world.Send(A, "young");
        var sent = PassCut(A, began + (30 * Hour) - 1);
        Assert.Contains(sent, packet => packet.Type == EnvelopeType.Message);
        _world.Send(A, "waits");
        PassCut(A, began + (30 * Hour));
        sent = PassCut(A, began + (31 * Hour));
        Assert.DoesNotContain(sent, packet => packet.Type == EnvelopeType.Message);
        Assert.Contains(sent, packet => packet.Type is EnvelopeType.RekeyCarrier or EnvelopeType.Handshake1);
        Assert.Equal(session, A.State.Sending!.Id);
        Assert.Equal(2, A.State.Outgoing.Count);
        Assert.Contains(A.Told, effect => effect is PeerEffect.StopByAge stop && stop.Epoch == A.State.Sending!.Current);
    }

    [Fact]
    public void What_waited_for_its_rekey_leaves_with_the_next_epoch()
    {
        PassCut(A, _world.Now + (31 * Hour));
        _world.Send(A, "waits");
        Assert.Empty(_world.Take(A, EnvelopeType.Message));
        _world.Pass(120_000);
        Assert.Equal(["waits"], B.Inbox());
        Assert.False(A.State.Sending!.IsStoppedByAge);
    }

    [Fact]
    public void The_peers_acknowledgements_and_closes_pass_at_the_hard_limit()
    {
        var began = _world.Now;
        PassCut(A, began + (31 * Hour));
        PassCut(B, began + (31 * Hour));
        A.State.Incoming.AcknowledgementOwed = !A.State.Incoming.Id.IsZero;
        _world.Do(A, new PeerCommand.Close());
        Assert.NotEmpty(_world.Take(A, EnvelopeType.Close));
    }

    [Fact]
    public void A_limit_found_on_load_asks_for_a_rekey_before_it_stops_anything()
    {
        _world.Crash(A);
        A.State.Sending!.Current.AgeMillis = 40 * Hour;         // as the store's time and the wall clock say
        _world.Network.Clear();
        _world.Do(A, new PeerCommand.Tick());
        Assert.NotEmpty(_world.Take(A, EnvelopeType.RekeyCarrier));
        _world.Send(A, "still goes");
        Assert.NotEmpty(_world.Take(A, EnvelopeType.Message));
        PassCut(A, _world.Now + WorldOptions.Limits.UnansweredRekeyMillis);
        _world.Send(A, "waits");
        Assert.Empty(_world.Take(A, EnvelopeType.Message));
    }

    /// <summary>Lets time pass on one side while nothing of it arrives.</summary>
    private List<Packet> PassCut(Side side, long until)
    {
        var sent = new List<Packet>();
        while (side.Deadline.Value <= until)
        {
            _world.Tick(side);
            sent.AddRange(_world.Network);
            _world.Network.Clear();
        }

        _world.Now = until;
        return sent;
    }
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Tests.Sessions;
using Kyberium.Engine.Tests.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>An epoch's traffic at work, and how many of them have keys at once. No peer is behind them: only the shard asks for it.</summary>
public sealed class EpochTrafficTests
{
    private static readonly Incarnation One = new(1, 1);
    private static readonly Incarnation Other = new(1, 2);

    private readonly CountedAead _aead = new();

    [Fact]
    public void What_one_end_seals_the_other_opens_and_nobody_opens_his_own()
    {
        using EpochTraffic initiator = Traffic(isInitiator: true), responder = Traffic(isInitiator: false);
        Assert.Equal(OpenOutcome.NeedsReservation, Open(responder, Seal(initiator)));
        Assert.Equal(OpenOutcome.NeedsReservation, Open(initiator, Seal(responder)));
        var own = Seal(initiator);
        EnvelopeHeader.TryRead(own, out var header, out _);
        (header with { Receiver = initiator.Epoch.LocalIndex }).Write(own);
        Assert.Equal(OpenOutcome.Rejected, Open(initiator, own));
    }

    [Fact]
    public void Counts_go_on_from_those_of_earlier_owners()
    {
        using EpochTraffic initiator = Traffic(isInitiator: true), responder = Traffic(isInitiator: false);
        Seal(initiator);
        Assert.Equal(new EpochCounts(11, 107, 3), initiator.Counts());
        var broken = Seal(initiator);
        broken[^1] ^= 1;
        Assert.Equal(OpenOutcome.Rejected, Open(responder, broken));
        Assert.Equal(new EpochCounts(10, 100, 4), responder.Counts());
        Assert.Equal(0, responder.Receiving.IncarnationCount);
    }

    [Fact]
    public void What_seals_is_made_by_the_first_record_and_goes_on_from_the_counts()
    {
        using EpochTraffic opening = Traffic(isInitiator: true), sealing = Traffic(isInitiator: false);
        Open(opening, Seal(sealing));
        Assert.Equal(new EpochCounts(10, 100, 3), opening.Counts());
        Assert.False(opening.IsUnheard(new UnixMillis(1)));
        opening.ReleaseKeys();
        Assert.False(opening.HasSending);
        opening.Epoch.Counts = opening.Counts();        // as a snapshot does

        Seal(opening);

        Assert.True(opening.HasSending);
        Assert.Equal(new EpochCounts(11, 107, 3), opening.Counts());
        Assert.False(opening.IsUnheard(new UnixMillis(2)));
        Assert.True(opening.IsWatched);
    }

    [Fact]
    public void A_renewal_is_asked_for_once_until_a_quarter_of_the_reach_further_on()
    {
        using var traffic = Traffic(isInitiator: true);
        const ulong quarter = TrafficLimits.ReachMax / 4;
        Assert.True(traffic.RenewOnce(One, 100_000));
        Assert.False(traffic.RenewOnce(One, 100_000));
        Assert.False(traffic.RenewOnce(One, 100_000 + quarter));
        Assert.True(traffic.RenewOnce(One, 100_000 + quarter + 1));
        Assert.False(traffic.RenewOnce(One, 100_000 + quarter + 2));
        Assert.True(traffic.RenewOnce(Other, 5));
        Assert.True(traffic.RenewOnce(One, 100_000));
    }

    [Fact]
    public void An_epoch_that_is_too_old_seals_no_data()
    {
        using var traffic = Traffic(isInitiator: true);
        traffic.StopByAge();
        Assert.Equal(SealOutcome.HardLimit, traffic.Sending.TrySeal(EnvelopeType.Data, [], [], new byte[100], out _));
    }

    [Fact]
    public void Whoever_closes_or_disposes_it_leaves_it_disposed_and_without_keys()
    {
        var traffic = Traffic(isInitiator: true);
        Seal(traffic);
        Assert.False(traffic.IsDisposed);
        traffic.Close();
        Assert.True(traffic.IsDisposed);
        Assert.Equal(1, _aead.Alive);
        traffic.Dispose();
        traffic.Dispose();
        Assert.Equal(0, _aead.Alive);
        Assert.Throws<ObjectDisposedException>(() => traffic.Epoch.Secrets.Reveal().Length);

        EpochTraffic opening = Traffic(isInitiator: true), sealing = Traffic(isInitiator: false);
        var envelope = Seal(sealing);
        EnvelopeHeader.TryRead(envelope, out var header, out _);
        opening.Receiving.ApplyReservation(header.Incarnation, 10);
        Assert.Equal(OpenOutcome.Opened, Open(opening, envelope));
        Assert.Equal(2, _aead.Alive);
        opening.Dispose();
        Assert.True(opening.IsDisposed);
        Assert.Equal(1, _aead.Alive);
    }

    [Fact]
    public void Released_keys_are_destroyed_and_derived_again()
    {
        using EpochTraffic initiator = Traffic(isInitiator: true), responder = Traffic(isInitiator: false);
        var envelope = Seal(responder);
        EnvelopeHeader.TryRead(envelope, out var header, out _);
        initiator.Receiving.ApplyReservation(header.Incarnation, 10);
        Assert.Equal(OpenOutcome.Opened, Open(initiator, envelope));
        Seal(initiator);
        responder.ReleaseKeys();
        Assert.Equal(2, _aead.Alive);
        initiator.ReleaseKeys();
        Assert.Equal(0, _aead.Alive);
        Assert.Equal(OpenOutcome.Opened, Open(initiator, Seal(responder)));
    }

    [Fact]
    public void Epochs_with_keys_are_bounded_and_those_used_of_late_are_spared()
    {
        var keyed = new KeyedTraffic(countMax: 2);
        var traffics = Enumerable.Range(0, 3).Select(_ => Traffic(isInitiator: true)).ToArray();
        foreach (var traffic in traffics[..2])
        {
            Use(keyed, traffic);
            Use(keyed, traffic);
        }

        Assert.Equal((2, 2), (keyed.Count, _aead.Alive));
        traffics[0].IsRecentlyUsed = false;
        Use(keyed, traffics[2]);
        Assert.Equal((2, 2), (keyed.Count, _aead.Alive));
        Assert.False(traffics[0].Sending.IsKeyed);
        Assert.True(traffics[1].Sending.IsKeyed);
        Assert.True(traffics[2].Sending.IsKeyed);

        // It comes back into its place, and another one goes: the hand has passed 1, and 2 only after it.
        Assert.True(traffics[2].IsRecentlyUsed);
        Use(keyed, traffics[0]);
        Assert.Equal((2, 2), (keyed.Count, _aead.Alive));
        Assert.True(traffics[0].Sending.IsKeyed);
    }

    [Fact]
    public void All_used_of_late_one_of_them_goes_all_the_same()
    {
        var keyed = new KeyedTraffic(countMax: 40);
        var traffics = Enumerable.Range(0, 41).Select(_ => Traffic(isInitiator: true)).ToArray();
        Assert.All(traffics, traffic => Use(keyed, traffic));
        Assert.Equal((40, 40), (keyed.Count, _aead.Alive));
        Assert.Equal(16, traffics.Count(traffic => !traffic.IsRecentlyUsed));       // spared once each; the seventeenth looked at goes
        Assert.False(traffics[16].Sending.IsKeyed);
    }

    private static void Use(KeyedTraffic keyed, EpochTraffic traffic)
    {
        Seal(traffic);
        keyed.Used(traffic);
    }

    private EpochTraffic Traffic(bool isInitiator)
    {
        ReceiverIndex mine = ReceiverIndex.Of(1, 1), yours = ReceiverIndex.Of(2, 2);
        var epoch = new NewEpoch(
            new SessionId(1, 2), new Epoch(3), new byte[64], EpochSecrets.Restore(new SeededEntropy(1).Bytes(EpochSecrets.Size)),
            isInitiator ? mine : yours, isInitiator ? yours : mine);
        var state = EpochState.Of(epoch, isInitiator, Suite.MLKem512, new MonotonicMillis(0));
        state.Counts = new EpochCounts(10, 100, 3);
        return new EpochTraffic(null!, state, TrafficLimits.Default, _aead, new SeededEntropy(isInitiator ? 2 : 3));
    }

    private static byte[] Seal(EpochTraffic traffic)
    {
        var envelope = new byte[EnvelopeHeader.RecordOverhead + 7];
        Assert.Equal(SealOutcome.Sealed, traffic.Sending.TrySeal(EnvelopeType.Data, "payload"u8, [], envelope, out _));
        return envelope;
    }

    private static OpenOutcome Open(EpochTraffic traffic, byte[] envelope)
    {
        Assert.True(EnvelopeHeader.TryReadEnvelope(envelope, out var header, out _));
        return traffic.Receiving.TryOpen(header, envelope, [], new byte[100], out _);
    }
}

using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Traffic;

/// <summary>Opening records. Goal: each opens at most once, only under a durable reservation, and bad ones leave no trace.</summary>
public sealed class ReceivingTrafficTests
{
    [Fact]
    public void First_record_waits_for_its_reservation_and_then_opens_once()
    {
        var pair = new TrafficPair();
        var envelope = pair.Seal("first");
        Assert.Equal(OpenOutcome.NeedsReservation, pair.Open(envelope, out _, out var details));
        Assert.True(details.IsNewIncarnation);
        Assert.Equal(TrafficLimits.ReachMax - 1, details.ReserveThrough);
        Assert.Equal(0, pair.Opener.OpenIncarnationCount);

        pair.Opener.ApplyReservation(pair.Sender.Position.Incarnation, details.ReserveThrough!.Value);
        Assert.Equal(OpenOutcome.Opened, pair.Open(envelope, out var text, out _));
        Assert.Equal("first", text);
        Assert.Equal(OpenOutcome.Rejected, pair.Open(envelope));
        Assert.Equal(1, pair.Opener.IncarnationCount);
        Assert.Equal(0, pair.Opener.FailedOpens);
    }

    [Fact]
    public void Reordered_records_open_once_each()
    {
        var pair = new TrafficPair();
        var envelopes = Enumerable.Range(0, 500).Select(i => pair.Seal($"{i}")).ToArray();
        new Random(5).Shuffle(envelopes);
        Assert.All(envelopes, envelope => Assert.Equal(OpenOutcome.Opened, pair.OpenReserving(envelope)));
        Assert.All(envelopes, envelope => Assert.Equal(OpenOutcome.Rejected, pair.OpenReserving(envelope)));
    }

    [Fact]
    public void Every_changed_bit_is_refused_and_the_true_record_still_opens()
    {
        var pair = new TrafficPair();
        Assert.Equal(OpenOutcome.Opened, pair.OpenReserving(pair.Seal()));
        var envelope = pair.Seal(new string('x', 40));
        for (var bit = 0; bit < envelope.Length * 8; bit++)
        {
            var changed = (byte[])envelope.Clone();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(OpenOutcome.Rejected, pair.Open(changed));
        }

        Assert.Equal(1, pair.Opener.OpenIncarnationCount);
        Assert.Equal(OpenOutcome.Opened, pair.Open(envelope));
    }

    [Fact]
    public void Cut_and_lengthened_records_are_refused()
    {
        var pair = new TrafficPair();
        pair.OpenReserving(pair.Seal());
        var envelope = pair.Seal();
        for (var length = 0; length < envelope.Length; length++)
        {
            Assert.Equal(OpenOutcome.Rejected, pair.Open(envelope[..length]));
        }

        Assert.Equal(OpenOutcome.Rejected, pair.Open([.. envelope, 0]));
    }

    [Fact]
    public void Records_of_another_session_and_direction_are_refused()
    {
        var pair = new TrafficPair();
        var other = new TrafficPair(seed: 2);
        Assert.Equal(OpenOutcome.Rejected, pair.Open(other.Seal()));
        pair.Opener = new ReceivingTraffic(
            pair.Secrets, TrafficDirection.ResponderToInitiator, Suite.MLKem768P256, new Epoch(4), TrafficPair.Receiver,
            pair.Limits, Kyberium.Engine.Cryptography.AeadProvider.Platform);
        Assert.Equal(OpenOutcome.Rejected, pair.Open(pair.Seal()));
        Assert.Equal(1, pair.Opener.FailedOpens);
    }

    [Fact]
    public void Callers_associated_data_is_bound()
    {
        var pair = new TrafficPair();
        pair.OpenReserving(pair.Seal());
        foreach (var associated in new[] { "route", new string('a', 600) })
        {
            var envelope = pair.Seal(associated: associated);
            Assert.Equal(OpenOutcome.Rejected, pair.Open(envelope, out _, out _, associated + "x"));
            Assert.Equal(OpenOutcome.Rejected, pair.Open(envelope));
            Assert.Equal(OpenOutcome.Opened, pair.Open(envelope, out _, out _, associated));
        }
    }

    [Fact]
    public void Forged_incarnations_leave_nothing_behind()
    {
        var pair = new TrafficPair();
        var envelope = pair.Seal();
        for (var i = 0; i < 50; i++)
        {
            var forged = (byte[])envelope.Clone();
            pair.Entropy.Fill(forged.AsSpan(16, 16));
            Assert.Equal(OpenOutcome.Rejected, pair.Open(forged));
        }

        Assert.Equal(0, pair.Opener.OpenIncarnationCount);
        Assert.Equal(0, pair.Opener.KeyedCount);
        Assert.Equal(50, pair.Opener.FailedOpens);
    }

    [Fact]
    public void Sequence_beyond_the_reservation_waits_and_a_forged_far_one_asks_for_nothing()
    {
        var pair = new TrafficPair();
        pair.OpenReserving(pair.Seal());
        var far = pair.SealAt(500_000);
        Assert.Equal(OpenOutcome.NeedsReservation, pair.Open(far, out _, out var details));
        Assert.Equal(500_000 + TrafficLimits.ReachMax - 1, details.ReserveThrough);
        Assert.False(details.IsNewIncarnation);
        far[^1] ^= 1;
        Assert.Equal(OpenOutcome.Rejected, pair.Open(far, out _, out details));
        Assert.Null(details.ReserveThrough);
    }

    [Fact]
    public void Sequence_of_two_to_the_23_is_refused_and_the_last_before_it_opens()
    {
        var pair = new TrafficPair();
        pair.OpenReserving(pair.Seal());
        Assert.Equal(OpenOutcome.Opened, pair.OpenReserving(pair.SealAt(TrafficLimits.SequenceEnd - 1)));

        var envelope = pair.Seal();    // the sender drew a new incarnation by itself
        EnvelopeHeader.TryRead(envelope, out var header, out _);
        Assert.Equal(0UL, header.Sequence);
        (header with { Sequence = TrafficLimits.SequenceEnd }).Write(envelope);
        Assert.Equal(OpenOutcome.Rejected, pair.Open(envelope));
        Assert.Equal(0, pair.Opener.FailedOpens);
    }

    [Fact]
    public void Renewal_is_asked_for_long_before_the_reservation_ends()
    {
        var pair = new TrafficPair();
        pair.OpenReserving(pair.Seal());
        pair.Open(pair.SealAt(30_000), out _, out var early);
        Assert.Null(early.ReserveThrough);
        Assert.Equal(OpenOutcome.Opened, pair.Open(pair.SealAt(33_000), out _, out var due));
        Assert.Equal(33_000 + TrafficLimits.ReachMax - 1, due.ReserveThrough);
        pair.Opener.ApplyReservation(pair.Sender.Position.Incarnation, due.ReserveThrough!.Value);
        Assert.Equal(OpenOutcome.Opened, pair.Open(pair.SealAt(70_000)));
    }

    [Fact]
    public void New_owner_refuses_what_was_reserved_and_the_sender_goes_on_above_it()
    {
        var pair = new TrafficPair();
        var first = pair.Seal();
        pair.OpenReserving(first);
        var incarnation = pair.Sender.Position.Incarnation;
        pair.Opener = pair.NewOpener(incarnationCount: 1);
        pair.Opener.Reopen(incarnation, TrafficLimits.ReachMax - 1);

        Assert.Equal(OpenOutcome.BelowReservation, pair.Open(first, out _, out _));
        Assert.Equal(OpenOutcome.BelowReservation, pair.Open(pair.Seal(), out _, out var details));
        Assert.Equal(TrafficLimits.ReachMax - 1, details.RefusedThrough);
        var notice = new WindowNotice(new Epoch(4), incarnation, details.RefusedThrough);
        Assert.Equal(SkipOutcome.Skipped, pair.Sender.Skip(notice));
        Assert.Equal(OpenOutcome.Opened, pair.OpenReserving(pair.Seal()));
        Assert.Equal(1, pair.Opener.IncarnationCount);
    }

    [Fact]
    public void Closed_incarnation_reopens_above_its_highest_sequence_only()
    {
        var pair = new TrafficPair();
        var envelopes = Enumerable.Range(0, 10).Select(_ => pair.Seal()).ToArray();
        pair.OpenReserving(envelopes[6]);
        var incarnation = pair.Sender.Position.Incarnation;
        Assert.Equal(6UL, pair.Opener.BeginClose(incarnation));
        Assert.Equal(OpenOutcome.Closing, pair.Open(envelopes[7]));
        pair.Opener.CloseIncarnation(incarnation);
        Assert.Equal(OpenOutcome.NeedsReservation, pair.Open(envelopes[7], out _, out var details));
        Assert.True(details.IsNewIncarnation);

        pair.Opener.Reopen(incarnation, 6);
        Assert.Equal(OpenOutcome.BelowReservation, pair.Open(envelopes[6]));
        Assert.Equal(OpenOutcome.BelowReservation, pair.Open(envelopes[0]));
        Assert.Equal(OpenOutcome.Opened, pair.OpenReserving(envelopes[7]));
    }

    [Fact]
    public void Windows_and_keyed_ciphers_in_memory_are_bounded()
    {
        var pair = new TrafficPair(new TrafficLimits { OpenIncarnationsMax = 3, KeyedIncarnationsMax = 2 });
        var first = default(Incarnation);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(OpenOutcome.Opened, pair.OpenReserving(pair.Seal()));
            first = i == 0 ? pair.Sender.Position.Incarnation : first;
            pair.Sender.AbandonIncarnation();
        }

        Assert.Equal(2, pair.Opener.KeyedCount);
        var fourth = pair.Seal();
        Assert.Equal(OpenOutcome.NeedsReservation, pair.Open(fourth, out _, out var details));
        Assert.Equal(first, details.CloseFirst);
        var incarnation = pair.Sender.Position.Incarnation;
        Assert.Throws<InvariantViolatedException>(() => pair.Opener.ApplyReservation(incarnation, 10));
    }

    [Fact]
    public void Incarnations_past_the_bound_open_idempotent_types_only()
    {
        var pair = new TrafficPair(incarnationCount: TrafficLimits.IncarnationsSoft - 1);
        Assert.False(pair.Opener.WantsRekey);
        Assert.Equal(OpenOutcome.Opened, pair.OpenReserving(pair.Seal()));
        Assert.True(pair.Opener.WantsRekey);

        pair.Opener = pair.NewOpener(TrafficLimits.IncarnationsHard);
        foreach (var type in Enum.GetValues<EnvelopeType>().Where(type => type.IsRecord()))
        {
            var expected = (int)type is >= 4 and <= 7 ? OpenOutcome.Opened : OpenOutcome.Limit;
            var envelope = pair.Seal(type: type);
            Assert.Equal(expected, pair.Open(envelope, out _, out var details));
            Assert.Equal(expected, pair.Open(envelope));        // no window: what is let through is so again, and says that it may be
            Assert.Equal(expected == OpenOutcome.Opened, details.IsRepeatable);
        }

        Assert.Equal(0, pair.Opener.OpenIncarnationCount);
    }

    [Fact]
    public void Failed_opens_first_ask_for_a_rekey_and_then_stop_the_epoch()
    {
        var pair = new TrafficPair(new TrafficLimits { FailedOpensSoft = 3, FailedOpensHard = 5 });
        pair.OpenReserving(pair.Seal());
        var good = pair.Seal();
        var bad = (byte[])good.Clone();
        bad[^1] ^= 1;
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(i >= 3, pair.Opener.WantsRekey);
            Assert.Equal(OpenOutcome.Rejected, pair.Open(bad));
        }

        Assert.Equal(OpenOutcome.Limit, pair.Open(good));
    }

    [Fact]
    public void Exact_window_survives_a_clean_hand_over()
    {
        var pair = new TrafficPair();
        var envelopes = Enumerable.Range(0, 300).Select(_ => pair.Seal()).ToArray();
        var opened = envelopes.Where((_, i) => i % 3 != 0).ToArray();
        Assert.All(opened, envelope => Assert.Equal(OpenOutcome.Opened, pair.OpenReserving(envelope)));
        var snapshot = new byte[WindowSnapshot.SizeMax];
        var size = WindowSnapshot.Write(Assert.Single(pair.Opener.OpenIncarnations.ToArray()), snapshot);

        pair.Opener = pair.NewOpener(incarnationCount: 1);
        var restored = WindowSnapshot.TryRead(snapshot.AsSpan(0, size), out var read);
        Assert.Equal(size, read);
        pair.Opener.Restore(restored!);
        Assert.All(opened, envelope => Assert.Equal(OpenOutcome.Rejected, pair.Open(envelope)));
        Assert.All(envelopes.Except(opened), envelope => Assert.Equal(OpenOutcome.Opened, pair.Open(envelope)));
        for (var cut = 0; cut < size; cut++)
        {
            Assert.Null(WindowSnapshot.TryRead(snapshot.AsSpan(0, cut), out _));
        }
    }

    [Fact]
    public void Destination_too_small_tries_nothing()
    {
        var pair = new TrafficPair();
        pair.OpenReserving(pair.Seal());
        var envelope = pair.Seal("12345");
        EnvelopeHeader.TryRead(envelope, out var header, out _);
        Assert.Equal(OpenOutcome.DestinationTooSmall, pair.Opener.TryOpen(header, envelope, [], new byte[4], out _));
        Assert.Equal(OpenOutcome.Opened, pair.Opener.TryOpen(header, envelope, [], new byte[5], out _));
    }
}

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
    public void Every_byte_of_the_callers_associated_data_and_of_the_header_beside_it_is_bound()
    {
        var pair = new TrafficPair();
        pair.OpenReserving(pair.Seal());
        foreach (var associated in new[] { "route", new string('a', 600) })
        {
            var envelope = pair.Seal(associated: associated);
            for (var i = 0; i < associated.Length; i += i < 5 ? 1 : 99)
            {
                var changed = associated[..i] + "X" + associated[(i + 1)..];
                Assert.Equal(OpenOutcome.Rejected, pair.Open(envelope, out _, out _, changed));
            }

            // The type and the length of the epoch's own kind, which no check but the tag's looks at.
            var other = (byte[])envelope.Clone();
            other[1] = (byte)EnvelopeType.FramedData;
            Assert.Equal(OpenOutcome.Rejected, pair.Open(other, out _, out _, associated));
            Assert.Equal(OpenOutcome.Opened, pair.Open(envelope, out _, out _, associated));
        }
    }

    [Fact]
    public void Associated_data_of_64_KiB_is_the_longest()
    {
        var pair = new TrafficPair();
        pair.OpenReserving(pair.Seal());
        var longest = new string('a', TrafficCipher.AssociatedDataLengthMax);
        var envelope = pair.Seal(associated: longest);
        Assert.Equal(OpenOutcome.Rejected, pair.Open(envelope, out _, out _, longest + "a"));
        Assert.Equal(0, pair.Opener.FailedOpens);
        Assert.Equal(OpenOutcome.Opened, pair.Open(envelope, out _, out _, longest));
    }

    [Fact]
    public void Records_that_are_not_of_this_epoch_cost_nothing_and_are_not_counted()
    {
        var pair = new TrafficPair();
        pair.OpenReserving(pair.Seal());
        var made = pair.Aead.Made;
        EnvelopeHeader.TryReadEnvelope(pair.Seal(), out var header, out _);
        EnvelopeHeader[] strange =
        [
            header with { Type = EnvelopeType.Handshake2 },
            header with { Suite = Suite.MLKem512 },
            header with { Epoch = new Epoch(5) },
            header with { Receiver = ReceiverIndex.Of(3, 1) },
            header with { Sequence = TrafficLimits.SequenceEnd },
            header with { Incarnation = default },
        ];
        foreach (var wrong in strange)
        {
            var envelope = new byte[wrong.EnvelopeLength];
            wrong.Write(envelope);
            Assert.Equal(OpenOutcome.Rejected, pair.Opener.TryOpen(wrong, envelope, [], new byte[100], out _));
        }

        Assert.Equal(OpenOutcome.Rejected, pair.Opener.TryOpen(header, new byte[header.EnvelopeLength + 1], [], new byte[100], out _));
        Assert.Equal((0, made), (pair.Opener.FailedOpens, pair.Aead.Made));
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
    public void Reservation_ends_where_it_was_told_to()
    {
        var pair = new TrafficPair();
        var first = pair.Seal();
        pair.Opener.ApplyReservation(pair.Sender.Position.Incarnation, 5);
        Assert.Equal(OpenOutcome.Opened, pair.Open(pair.SealAt(5), out _, out var details));
        Assert.Equal(new OpenDetails("payload".Length, 5 + TrafficLimits.ReachMax - 1, false, 0, default), details);
        Assert.Equal(OpenOutcome.NeedsReservation, pair.Open(pair.SealAt(6)));

        // A lower one, of a journal read again, takes nothing back.
        pair.Opener.ApplyReservation(pair.Sender.Position.Incarnation, 3);
        Assert.Equal(OpenOutcome.Opened, pair.Open(pair.SealAt(4)));
        Assert.Equal(OpenOutcome.Opened, pair.Open(first));
        Assert.Equal(1, pair.Opener.IncarnationCount);
    }

    [Theory]
    [InlineData(3, null)]
    [InlineData(4, 14L)]
    [InlineData(9, 19L)]
    public void Renewal_is_asked_for_from_the_middle_on(long sequence, long? through)
    {
        var pair = new TrafficPair(new TrafficLimits { ReservationReach = 10 });
        pair.Seal();
        pair.Opener.ApplyReservation(pair.Sender.Position.Incarnation, 9);
        Assert.Equal(OpenOutcome.Opened, pair.Open(pair.SealAt((ulong)sequence), out _, out var details));
        Assert.Equal((ulong?)through, details.ReserveThrough);
    }

    [Fact]
    public void Reservations_reach_to_the_last_sequence_and_no_further()
    {
        const ulong last = TrafficLimits.SequenceEnd - 1;
        var pair = new TrafficPair();
        pair.Seal();
        var incarnation = pair.Sender.Position.Incarnation;
        pair.Opener.ApplyReservation(incarnation, last - 1);
        Assert.Equal(OpenOutcome.Opened, pair.Open(pair.SealAt(last - 2), out _, out var details));
        Assert.Equal(last, details.ReserveThrough);
        Assert.Equal(OpenOutcome.NeedsReservation, pair.Open(pair.SealAt(last), out _, out details));
        Assert.Equal(last, details.ReserveThrough);
        pair.Opener.ApplyReservation(incarnation, ulong.MaxValue);
        Assert.Equal(OpenOutcome.Opened, pair.Open(pair.SealAt(last), out _, out details));
        Assert.Null(details.ReserveThrough);

        pair.Opener = pair.NewOpener(incarnationCount: 1);
        pair.Opener.Reopen(incarnation, ulong.MaxValue);
        Assert.Equal(OpenOutcome.BelowReservation, pair.Open(pair.SealAt(last), out _, out details));
        Assert.Equal(last, details.RefusedThrough);
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
    public void Closing_what_opened_nothing_gives_nothing_to_store()
    {
        var pair = new TrafficPair();
        var envelope = pair.Seal();
        var incarnation = pair.Sender.Position.Incarnation;
        Assert.Null(pair.Opener.BeginClose(incarnation));
        pair.Opener.CloseIncarnation(incarnation);
        pair.Opener.ApplyReservation(incarnation, 9);
        Assert.Throws<InvariantViolatedException>(() => pair.Opener.CloseIncarnation(incarnation));
        Assert.Null(pair.Opener.BeginClose(incarnation));
        Assert.Equal(OpenOutcome.Closing, pair.Open(envelope));
        pair.Opener.CloseIncarnation(incarnation);
        Assert.Equal(0, pair.Opener.OpenIncarnationCount);
    }

    // Which ones are used again, and which is then the one used longest ago.
    [Theory]
    [InlineData("0", 1)]
    [InlineData("1", 0)]
    [InlineData("2", 0)]
    [InlineData("120", 1)]
    [InlineData("201", 2)]
    public void Room_is_made_by_closing_the_incarnation_used_longest_ago(string again, int closed)
    {
        var pair = new TrafficPair(new TrafficLimits { OpenIncarnationsMax = 3 });
        var incarnations = new Incarnation[3];
        var senders = new SendingTraffic[3];
        for (var i = 0; i < 3; i++)
        {
            pair.Opener.MakeRoom();
            senders[i] = pair.Sender = pair.NewSender();
            incarnations[i] = pair.OpenNewIncarnation();
            Assert.Equal(i + 1, pair.Opener.OpenIncarnationCount);
        }

        foreach (var number in again)
        {
            pair.Sender = senders[number - '0'];
            Assert.Equal(OpenOutcome.Opened, pair.Open(pair.Seal()));
        }

        pair.Sender = pair.NewSender();
        Assert.Equal(OpenOutcome.NeedsReservation, pair.Open(pair.Seal(), out _, out var details));
        Assert.Equal(incarnations[closed], details.CloseFirst);

        pair.Opener.MakeRoom();
        Assert.Equal(2, pair.Opener.OpenIncarnationCount);
        Assert.Equal(2, pair.Aead.Alive - 4);    // beside the four senders'
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(i != closed, pair.Opener.IsOpen(incarnations[i])));
    }

    [Fact]
    public void An_incarnation_brought_back_counts_as_used()
    {
        var pair = new TrafficPair(new TrafficLimits { OpenIncarnationsMax = 3 });
        var used = pair.OpenNewIncarnation();
        for (var i = 1UL; i <= 2; i++)
        {
            pair.Opener.Reopen(new Incarnation(1, i), 0);
        }

        pair.Opener.MakeRoom();
        Assert.False(pair.Opener.IsOpen(used));
        pair.Opener.Reopen(new Incarnation(1, 3), 0);
        pair.Opener.MakeRoom();
        Assert.False(pair.Opener.IsOpen(new Incarnation(1, 1)));
        Assert.Equal(2, pair.Opener.OpenIncarnationCount);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void The_key_used_longest_ago_gives_way_to_another(int again, int unkeyed)
    {
        var pair = new TrafficPair(new TrafficLimits { KeyedIncarnationsMax = 2 });
        var senders = new SendingTraffic[3];
        for (var i = 0; i < 3; i++)
        {
            senders[i] = pair.Sender = pair.NewSender();
            if (i == 2)
            {
                pair.Sender = senders[again];
                Assert.Equal(OpenOutcome.Opened, pair.Open(pair.Seal()));
                pair.Sender = senders[i];
            }

            pair.OpenReserving(pair.Seal());
        }

        int Derived(int number)
        {
            var made = pair.Aead.Made;
            pair.Sender = senders[number];
            Assert.Equal(OpenOutcome.Opened, pair.Open(pair.Seal()));
            return pair.Aead.Made - made;
        }

        Assert.Equal(2, pair.Opener.KeyedCount);
        Assert.Equal(0, Derived(again));
        Assert.Equal(1, Derived(unkeyed));
        Assert.Equal(2, pair.Opener.KeyedCount);
    }

    [Fact]
    public void Every_key_made_is_destroyed()
    {
        var pair = new TrafficPair(new TrafficLimits { OpenIncarnationsMax = 2, KeyedIncarnationsMax = 1 });
        for (var i = 0; i < 2; i++)
        {
            pair.OpenNewIncarnation();
        }

        Assert.Equal(2, pair.Aead.Alive);    // the sender's and the opener's one
        pair.Opener.ReleaseKeys();
        Assert.Equal((0, 1), (pair.Opener.KeyedCount, pair.Aead.Alive));
        Assert.Equal(OpenOutcome.Opened, pair.Open(pair.Seal()));
        var incarnation = pair.Sender.Position.Incarnation;
        pair.Opener.BeginClose(incarnation);
        pair.Opener.CloseIncarnation(incarnation);
        Assert.Equal(1, pair.Aead.Alive);
        incarnation = pair.OpenNewIncarnation();
        pair.Opener.Dispose();
        Assert.Equal((0, 1), (pair.Opener.OpenIncarnationCount, pair.Aead.Alive));
        Assert.False(pair.Opener.IsOpen(incarnation));
        Assert.Null(pair.Opener.BeginClose(incarnation));
        pair.Sender.Dispose();
        Assert.Equal(0, pair.Aead.Alive);
    }

    [Fact]
    public void Windows_that_fill_their_gaps_give_their_blocks_back_with_the_keys()
    {
        var pair = new TrafficPair();
        var envelopes = Enumerable.Range(0, 200).Select(_ => pair.Seal()).ToArray();
        Assert.All(envelopes.Reverse(), envelope => Assert.Equal(OpenOutcome.Opened, pair.OpenReserving(envelope)));
        var window = Assert.Single(pair.Opener.OpenIncarnations.ToArray());
        Assert.True(window.Window.IsFull);
        pair.Opener.ReleaseKeys();
        Assert.False(window.Window.IsFull);
        Assert.All(envelopes, envelope => Assert.Equal(OpenOutcome.Rejected, pair.Open(envelope)));
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

    [Theory]
    [InlineData(0, TrafficLimits.SequenceEnd, true)]
    [InlineData(TrafficLimits.SequenceEnd, TrafficLimits.SequenceEnd, true)]
    [InlineData(9, 9, true)]
    [InlineData(10, 9, false)]
    [InlineData(9, TrafficLimits.SequenceEnd + 1, false)]
    [InlineData(TrafficLimits.SequenceEnd + 1, TrafficLimits.SequenceEnd + 2, false)]
    [InlineData(TrafficLimits.SequenceEnd + 1, TrafficLimits.SequenceEnd, false)]
    public void Stored_windows_end_within_what_is_reserved_and_that_within_the_sequences(ulong end, ulong reservedEnd, bool read)
    {
        var stored = new byte[49];
        new Incarnation(1, 1).Write(stored);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(stored.AsSpan(16), reservedEnd);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(stored.AsSpan(25), end);
        Assert.Equal(read, WindowSnapshot.TryRead(stored, out _) is not null);

        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(stored.AsSpan(33), end + 1);    // a floor above the end
        Assert.Null(WindowSnapshot.TryRead(stored, out _));
    }

    [Fact]
    public void Window_without_gaps_is_stored_in_49_bytes()
    {
        var pair = new TrafficPair();
        foreach (var envelope in Enumerable.Range(0, 200).Select(_ => pair.Seal()).Reverse())
        {
            pair.OpenReserving(envelope);
        }

        Assert.Equal(49, WindowSnapshot.Write(pair.Opener.OpenIncarnations[0], new byte[WindowSnapshot.SizeMax]));
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

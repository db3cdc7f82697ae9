using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Traffic;

/// <summary>Sealing records. Goal: no (incarnation, sequence) pair twice, limits kept, nothing allocated.</summary>
public sealed class SendingTrafficTests
{
    [Fact]
    public void Sequences_rise_by_one_and_survive_released_keys()
    {
        var pair = new TrafficPair();
        for (var i = 0UL; i < 10; i++)
        {
            EnvelopeHeader.TryReadEnvelope(pair.Seal(), out var header, out _);
            Assert.Equal(i, header.Sequence);
            Assert.Equal(pair.Sender.Position.Incarnation, header.Incarnation);
            pair.Sender.ReleaseKeys();
            Assert.False(pair.Sender.IsKeyed);
        }
    }

    [Fact]
    public void Every_new_state_draws_another_incarnation_and_only_when_it_seals()
    {
        var pair = new TrafficPair();
        Assert.True(pair.Sender.Position.Incarnation.IsZero);
        var seen = new HashSet<Incarnation>();
        for (var i = 0; i < 100; i++)
        {
            pair.Sender = pair.NewSender();
            pair.Seal();
            Assert.True(seen.Add(pair.Sender.Position.Incarnation));
        }
    }

    [Fact]
    public void Hard_limit_stops_types_1_2_and_8_and_no_other()
    {
        var pair = new TrafficPair(new TrafficLimits { RecordsSoft = 2, RecordsHard = 3 });
        pair.Seal();
        Assert.False(pair.Sender.WantsRekey);
        pair.Seal();
        Assert.True(pair.Sender.WantsRekey);
        pair.Seal();
        AssertHardLimit(pair);
        pair.Sender = pair.NewSender(new TrafficUsage(3, 0));
        AssertHardLimit(pair);
    }

    [Fact]
    public void Bytes_count_towards_the_limits()
    {
        var pair = new TrafficPair(new TrafficLimits { BytesSoft = 5, BytesHard = 10 });
        pair.Seal("1234");
        Assert.False(pair.Sender.WantsRekey);
        pair.Seal("1");
        Assert.True(pair.Sender.WantsRekey);
        pair.Seal("12345");
        AssertHardLimit(pair);
        Assert.Equal(10, pair.Sender.Usage.Bytes - 5 * "notice".Length);
    }

    [Fact]
    public void Skip_obeys_only_its_own_incarnation_and_reach()
    {
        var pair = new TrafficPair();
        pair.Seal();
        var mine = pair.Sender.Position.Incarnation;
        SkipOutcome Skip(ulong through, Incarnation incarnation, uint epoch = 4) =>
            pair.Sender.Skip(new WindowNotice(new Epoch(epoch), incarnation, through));

        Assert.Equal(SkipOutcome.OtherIncarnation, Skip(5, new Incarnation(1, 1)));
        Assert.Equal(SkipOutcome.OtherIncarnation, Skip(5, mine, epoch: 5));
        Assert.Equal(SkipOutcome.AlreadyPast, Skip(0, mine));
        Assert.Equal(SkipOutcome.TooFar, Skip(ulong.MaxValue, mine));
        Assert.Equal(SkipOutcome.TooFar, Skip(1 + TrafficLimits.ReachMax, mine));
        Assert.Equal(1UL, pair.Sender.Position.NextSequence);
        Assert.Equal(SkipOutcome.Skipped, Skip(TrafficLimits.ReachMax, mine));
        Assert.Equal(1 + TrafficLimits.ReachMax, pair.Sender.Position.NextSequence);
    }

    [Fact]
    public void Skip_goes_above_a_reservation_that_ends_where_the_sender_stands()
    {
        var pair = new TrafficPair();
        pair.Seal();
        Assert.Equal(SkipOutcome.Skipped, pair.Sender.Skip(new WindowNotice(new Epoch(4), pair.Sender.Position.Incarnation, 1)));
        Assert.Equal(2UL, pair.Sender.Position.NextSequence);
    }

    [Fact]
    public void Too_old_an_epoch_stops_types_1_2_and_8_and_no_other()
    {
        var pair = new TrafficPair();
        pair.Seal();
        Assert.False(pair.Sender.IsAtHardLimit);
        pair.Sender.StopByAge();
        AssertHardLimit(pair);
    }

    // docs/decisions and docs/formats/envelope.md rest on these.
    [Fact]
    public void Limits_are_those_of_the_protocol() => Assert.Equal(
        new TrafficLimits
        {
            RecordsSoft = 4_194_304,
            RecordsHard = 8_388_608,
            BytesSoft = 68_719_476_736,
            BytesHard = 137_438_953_472,
            FailedOpensSoft = 68_719_476_736,
            FailedOpensHard = 17_592_186_044_416,
            ReservationReach = 65_535,
            OpenIncarnationsMax = 8,
            KeyedIncarnationsMax = 2,
        },
        TrafficLimits.Default);

    [Fact]
    public void Too_small_and_too_long_use_no_sequence()
    {
        var pair = new TrafficPair();
        Assert.Equal(SealOutcome.DestinationTooSmall, pair.Sender.TrySeal(EnvelopeType.Data, new byte[5], [], new byte[64], out _));
        Assert.Equal(SealOutcome.TooLong, pair.Sender.TrySeal(
            EnvelopeType.Data, new byte[EnvelopeHeader.BodyLengthMax - 15], [], new byte[EnvelopeHeader.EnvelopeLengthMax + 99], out _));
        Assert.Equal(SealOutcome.TooLong, pair.Sender.TrySeal(
            EnvelopeType.Data, [], new byte[TrafficCipher.AssociatedDataLengthMax + 1], new byte[99], out _));
        Assert.Equal(0UL, pair.Sender.Position.NextSequence);
        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Sender.TrySeal(EnvelopeType.Handshake1, [], [], new byte[99], out _));
    }

    [Fact]
    public void Largest_record_goes_through_in_place()
    {
        var pair = new TrafficPair();
        pair.OpenReserving(pair.Seal());
        var envelope = new byte[EnvelopeHeader.EnvelopeLengthMax];
        var plaintext = envelope.AsSpan(EnvelopeHeader.Size, EnvelopeHeader.BodyLengthMax - EnvelopeHeader.TagSize);
        plaintext.Fill(0x5a);
        Assert.Equal(SealOutcome.Sealed, pair.Sender.TrySeal(EnvelopeType.Data, plaintext, [], envelope, out var written));
        Assert.Equal(EnvelopeHeader.EnvelopeLengthMax, written);
        Assert.Equal(OpenOutcome.Opened, pair.Open(envelope, out var text, out _));
        Assert.Equal(new string('Z', EnvelopeHeader.BodyLengthMax - EnvelopeHeader.TagSize), text);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    [InlineData(2_000)]
    public void Sealing_and_opening_allocate_nothing(int associatedLength)
    {
        var pair = new TrafficPair();
        pair.OpenReserving(pair.Seal());
        byte[] plaintext = new byte[256], opened = new byte[256], envelope = new byte[400], associated = new byte[associatedLength];
        var failures = 0;
        void Run(int count)
        {
            for (var i = 0; i < count; i++)
            {
                pair.Sender.TrySeal(EnvelopeType.Data, plaintext, associated, envelope, out var written);
                EnvelopeHeader.TryReadEnvelope(envelope.AsSpan(0, written), out var header, out _);
                var outcome = pair.Opener.TryOpen(header, envelope.AsSpan(0, written), associated, opened, out _);
                failures += outcome == OpenOutcome.Opened ? 0 : 1;
            }
        }

        Run(200);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(1_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, failures);
    }

    private static void AssertHardLimit(TrafficPair pair)
    {
        var destination = new byte[100];
        foreach (var type in new[] { EnvelopeType.Data, EnvelopeType.Message, EnvelopeType.FramedData })
        {
            Assert.Equal(SealOutcome.HardLimit, pair.Sender.TrySeal(type, "x"u8, [], destination, out var written));
            Assert.Equal(0, written);
        }

        for (var type = EnvelopeType.Acknowledge; type <= EnvelopeType.WindowNotice; type++)
        {
            pair.Seal("notice", type);
        }
    }
}

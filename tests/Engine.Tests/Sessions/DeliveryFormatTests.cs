using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>The example of docs/formats/delivery.md, byte for byte.</summary>
public sealed class DeliveryFormatTests
{
    private const string Stream = "000102030405060708090a0b0c0d0e0f";
    private const string Chain1 = "e550aabae0bcac59c4a37ff92ba3f711";
    private const string Chain2 = "e8210be231e85d4028908875423aed23";
    private const string Tombstone = "02486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7";

    private static readonly StreamId Id = StreamId.Read(Convert.FromHexString(Stream));

    [Fact]
    public void Chain_is_the_documented_one()
    {
        var first = ChainHash.NextOf(ChainHash.Start(Id), 1, MessageFlags.None, "hello"u8);
        Assert.Equal(Chain1, first.ToString());
        Assert.Equal(Chain2, ChainHash.NextOf(first, 2, MessageFlags.Chunk, "world"u8).ToString());
    }

    [Fact]
    public void Records_are_the_documented_bytes()
    {
        var outgoing = Outbox();
        Assert.Equal($"{Stream}00000000000000010000000000000001{Stream}0068656c6c6f", Encoded(outgoing, 1));
        Assert.Equal($"{Stream}00000000000000020000000000000001{Chain1}02776f726c64", Encoded(outgoing, 2));
        var acknowledgement = new Acknowledgement(Id, 2, outgoing.ChainLast);
        Assert.Equal($"{Stream}0000000000000002{Chain2}", Convert.ToHexStringLower(acknowledgement.Encode()));
    }

    [Fact]
    public void A_void_carries_flags_and_digest_and_leaves_the_chain_as_it_was()
    {
        var outgoing = Outbox();
        outgoing.Expire(2);
        Assert.Equal($"{Stream}00000000000000020000000000000001{Chain1}01{Tombstone}", Encoded(outgoing, 2));
        Assert.Equal(Chain2, outgoing.ChainLast.ToString());
    }

    [Fact]
    public void An_outbox_of_voids_counts_their_bytes_and_ends_at_zero()
    {
        var outgoing = Outbox();
        outgoing.Expire(1);
        outgoing.Expire(2);
        Assert.Equal(2 * (1 + ChainHash.DigestSize), outgoing.PayloadBytes);
        outgoing.AcknowledgeThrough(2);
        Assert.Equal(0, outgoing.PayloadBytes);
    }

    [Fact]
    public void The_chain_is_the_same_whether_it_is_asked_for_at_once_or_after_acknowledgements()
    {
        var asked = new OutgoingStream();
        var late = new OutgoingStream();
        asked.Open(Id);
        late.Open(Id);
        for (byte number = 1; number <= 20; number++)
        {
            byte[] payload = [number, 7];
            Queue(asked, payload);
            Queue(late, payload);
            Assert.NotEqual(default, asked.ChainLast);
            if (number % 6 == 0)
            {
                asked.AcknowledgeThrough(number - 2u);
                late.AcknowledgeThrough(number - 2u);
                Assert.Equal(asked.ChainBelow, late.ChainBelow);
            }
        }

        Assert.Equal(asked.ChainLast, late.ChainLast);
        for (var number = late.LowestUnacknowledged; number <= late.Next; number++)
        {
            Assert.Equal(asked.ChainBefore(number), late.ChainBefore(number));
        }
    }

    [Fact]
    public void A_void_made_before_the_digest_was_asked_for_carries_that_of_the_payload()
    {
        var outgoing = new OutgoingStream();
        outgoing.Open(Id);
        Queue(outgoing, "hello"u8.ToArray());
        var expected = OutgoingRules.DigestOf("hello"u8.ToArray()).ToArray();
        outgoing.Expire(1);
        Assert.Equal(expected, outgoing[1].Payload[1..].ToArray());
        Assert.Equal(ChainHash.NextOf(ChainHash.Start(Id), 1, MessageFlags.None, "hello"u8), outgoing.ChainLast);
    }

    private static void Queue(OutgoingStream outgoing, byte[] payload) => outgoing.Add(new OutgoingMessage
    {
        Operation = Guid.Empty,
        Flags = MessageFlags.None,
        ChainFlags = MessageFlags.None,
        Payload = payload,
        ExpiresAt = null,
    });

    private static OutgoingStream Outbox()
    {
        var outgoing = new OutgoingStream();
        outgoing.Open(Id);
        Add(outgoing, MessageFlags.None, "hello"u8.ToArray());
        Add(outgoing, MessageFlags.Chunk, "world"u8.ToArray());
        return outgoing;
    }

    private static void Add(OutgoingStream outgoing, MessageFlags flags, byte[] payload) => outgoing.Add(new OutgoingMessage
    {
        Operation = Guid.Empty,
        Flags = flags,
        ChainFlags = flags,
        Digest = OutgoingRules.DigestOf(payload),
        Payload = payload,
        ExpiresAt = null,
    });

    private static string Encoded(OutgoingStream outgoing, ulong number) => Convert.ToHexStringLower(new DeliveryMessage(
        outgoing.Id, number, outgoing.LowestUnacknowledged, outgoing.ChainBefore(number),
        outgoing[number].Flags, outgoing[number].Payload.Span).Encode());
}

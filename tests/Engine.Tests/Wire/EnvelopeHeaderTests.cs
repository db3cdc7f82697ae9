using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Wire;

/// <summary>The header. Goal: each bad input has its stated reason.</summary>
public sealed class EnvelopeHeaderTests
{
    private static readonly EnvelopeHeader Header = new(
        EnvelopeType.Data, Suite.MLKem768P256, ReceiverIndex.Of(1, 2), new Epoch(3), new Incarnation(4, 5), 6, 20);

    [Fact]
    public void Written_header_is_read_back()
    {
        Assert.True(EnvelopeHeader.TryReadEnvelope(Envelope(), out var header, out var failure));
        Assert.Equal(Header, header);
        Assert.Equal(WireFailure.None, failure);
    }

    [Theory]
    [InlineData(0, 0, nameof(WireFailure.VersionUnsupported))]
    [InlineData(0, 2, nameof(WireFailure.VersionUnsupported))]
    [InlineData(1, 0, nameof(WireFailure.TypeUnknown))]
    [InlineData(1, 9, nameof(WireFailure.TypeUnknown))]
    [InlineData(1, 15, nameof(WireFailure.TypeUnknown))]
    [InlineData(1, 20, nameof(WireFailure.TypeUnknown))]
    [InlineData(1, 16, nameof(WireFailure.FieldInvalid))]
    [InlineData(1, 17, nameof(WireFailure.FieldInvalid))]
    [InlineData(3, 0, nameof(WireFailure.SuiteUnsupported))]
    [InlineData(3, 6, nameof(WireFailure.SuiteUnsupported))]
    [InlineData(2, 1, nameof(WireFailure.SuiteUnsupported))]
    [InlineData(40, 1, nameof(WireFailure.Oversized))]
    [InlineData(43, 15, nameof(WireFailure.LengthMismatch))]
    [InlineData(43, 19, nameof(WireFailure.LengthMismatch))]
    [InlineData(43, 21, nameof(WireFailure.Truncated))]
    public void Bad_field_has_its_reason(int offset, byte value, string expected)
    {
        var envelope = Envelope();
        envelope[offset] = value;
        Assert.False(EnvelopeHeader.TryReadEnvelope(envelope, out _, out var failure));
        Assert.Equal(expected, failure.ToString());
    }

    [Fact]
    public void Every_cut_is_truncated()
    {
        var envelope = Envelope();
        for (var length = 0; length < envelope.Length; length++)
        {
            Assert.False(EnvelopeHeader.TryReadEnvelope(envelope.AsSpan(0, length), out _, out var failure));
            Assert.Equal(WireFailure.Truncated, failure);
        }
    }

    [Fact]
    public void Receiver_none_is_for_msg1_and_cookies_only()
    {
        foreach (var type in Enum.GetValues<EnvelopeType>())
        {
            var bytes = new byte[EnvelopeHeader.Size];
            (Header with { Type = type, Receiver = default, Sequence = 0 }).Write(bytes);
            Assert.Equal((int)type is 16 or 18 or 19, EnvelopeHeader.TryRead(bytes, out _, out _));
        }
    }

    [Fact]
    public void Largest_body_is_accepted_and_one_more_is_not()
    {
        var bytes = new byte[EnvelopeHeader.Size];
        (Header with { BodyLength = EnvelopeHeader.BodyLengthMax }).Write(bytes);
        Assert.True(EnvelopeHeader.TryRead(bytes, out _, out _));
        (Header with { BodyLength = EnvelopeHeader.BodyLengthMax + 1 }).Write(bytes);
        Assert.False(EnvelopeHeader.TryRead(bytes, out _, out var failure));
        Assert.Equal(WireFailure.Oversized, failure);
    }

    [Fact]
    public void Local_caller_gets_three_codes()
    {
        Assert.Equal(EngineErrorCode.EnvelopeVersionUnsupported, WireErrors.Envelope(WireFailure.VersionUnsupported).Code);
        Assert.Equal(EngineErrorCode.EnvelopeSuiteUnsupported, WireErrors.Envelope(WireFailure.SuiteUnsupported).Code);
        Assert.Equal(EngineErrorCode.EnvelopeMalformed, WireErrors.Envelope(WireFailure.Truncated).Code);
    }

    private static byte[] Envelope()
    {
        var envelope = new byte[Header.EnvelopeLength];
        Header.Write(envelope);
        return envelope;
    }
}

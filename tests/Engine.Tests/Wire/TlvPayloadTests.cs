using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Wire;

/// <summary>Handshake payloads. Goal: unknown critical, repeated, missing and misplaced fields are refused for the stated reason.</summary>
public sealed class TlvPayloadTests
{
    private static readonly Handshake1Payload Payload = new(
        Fingerprint.Of([1]), ReceiverIndex.Of(1, 2), VersionRange.Spoken, SuiteSet.All);

    [Fact]
    public void Payload_is_read_back()
    {
        Assert.True(Handshake1Payload.TryRead(Bytes(), out var read, out _));
        Assert.Equal(Payload, read);
    }

    [Fact]
    public void Unknown_field_is_skipped_unless_critical()
    {
        Assert.True(Handshake1Payload.TryRead([.. Bytes(), 0x01, 0x00, 0, 1, 9], out var read, out _));
        Assert.Equal(Payload, read);
        AssertRefused(WireFailure.CriticalUnknown, [.. Bytes(), 0x81, 0x00, 0, 1, 9]);
    }

    [Fact]
    public void Greeting_and_header_are_unknown_in_msg1() =>
        AssertRefused(WireFailure.CriticalUnknown, [.. Bytes(), 0x80, 0x06, 0, 0]);

    [Fact]
    public void Repeated_field_is_refused_even_without_its_critical_bit()
    {
        var suites = Bytes()[^14..];
        AssertRefused(WireFailure.FieldRepeated, [.. Bytes(), .. suites]);
        suites[0] &= 0x7f;
        AssertRefused(WireFailure.FieldRepeated, [.. Bytes(), .. suites]);
    }

    [Fact]
    public void Known_field_without_its_critical_bit_does_not_count()
    {
        var bytes = Bytes();
        bytes[0] &= 0x7f;
        AssertRefused(WireFailure.FieldMissing, bytes);
    }

    [Fact]
    public void Missing_and_misplaced_fields_are_refused()
    {
        AssertRefused(WireFailure.FieldMissing, []);
        AssertRefused(WireFailure.FieldMissing, Bytes()[..^14]);
        AssertRefused(WireFailure.FieldOrder, [.. Bytes()[52..], .. Bytes()[..52]]);
    }

    [Fact]
    public void Every_cut_is_refused()
    {
        for (var length = 0; length < Payload.Size; length++)
        {
            Assert.False(Handshake1Payload.TryRead(Bytes().AsSpan(0, length), out _, out var failure));
            Assert.True(failure is WireFailure.Truncated or WireFailure.FieldMissing, $"{failure} at {length}");
        }
    }

    [Fact]
    public void Payload_over_4096_bytes_is_refused() =>
        AssertRefused(WireFailure.Oversized, new byte[TlvReader.PayloadLengthMax + 1]);

    [Fact]
    public void Suites_not_known_here_are_left_out_and_disorder_is_refused()
    {
        Assert.True(SuiteSet.TryRead([0, 1, 0, 5, 0x10, 0], out var suites, out _));
        Assert.Equal(SuiteSet.Of(Suite.MLKem768P256, Suite.MLKem1024), suites);
        Assert.False(SuiteSet.TryRead([0, 5, 0, 1], out _, out var failure));
        Assert.Equal(WireFailure.FieldOrder, failure);
        Assert.False(SuiteSet.TryRead([0, 1, 0], out _, out failure));
        Assert.Equal(WireFailure.LengthMismatch, failure);
        Assert.False(SuiteSet.TryRead([], out _, out failure));
        Assert.Equal(WireFailure.FieldMissing, failure);
    }

    private static void AssertRefused(WireFailure expected, byte[] bytes)
    {
        Assert.False(Handshake1Payload.TryRead(bytes, out _, out var failure));
        Assert.Equal(expected, failure);
    }

    private static byte[] Bytes()
    {
        var bytes = new byte[Payload.Size];
        Payload.Write(bytes);
        return bytes;
    }
}

using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>The headers of handshake envelopes, as docs/formats/handshake.md section 3 fixes them.</summary>
internal static class HandshakeHeaders
{
    /// <summary>msg1's header: no receiver index, the addressed identity named by its fingerprint's first 16 bytes.</summary>
    /// <param name="epoch">The epoch being made: 0 for a session, the current one's next for a rekey.</param>
    internal static EnvelopeHeader Message1(Suite suite, Epoch epoch, Fingerprint responder, int bodyLength) =>
        new(EnvelopeType.Handshake1, suite, default, epoch, Addressed(responder), 0, bodyLength);

    /// <summary>msg2's header: addressed to the index msg1 asked for.</summary>
    internal static EnvelopeHeader Message2(
        Suite suite, Epoch epoch, ReceiverIndex receiver, Fingerprint initiator, int bodyLength) =>
        new(EnvelopeType.Handshake2, suite, receiver, epoch, Addressed(initiator), 0, bodyLength);

    /// <summary>The header of a cookie challenge: msg1's own, with another type and length.</summary>
    internal static EnvelopeHeader Challenge(in EnvelopeHeader message1) =>
        message1 with { Type = EnvelopeType.CookieChallenge, BodyLength = CookieChallenge.Size };

    /// <summary>The header of the answer to a challenge: msg1's own, with another type and length.</summary>
    internal static EnvelopeHeader Answer(in EnvelopeHeader message1) => message1 with
    {
        Type = EnvelopeType.CookieAnswer,
        BodyLength = CookieChallenge.CookieSize + message1.EnvelopeLength,
    };

    /// <summary>What stands in the incarnation field: the first 16 bytes of the addressed fingerprint.</summary>
    internal static Incarnation Addressed(Fingerprint fingerprint) => Incarnation.Read(fingerprint.Bytes);
}

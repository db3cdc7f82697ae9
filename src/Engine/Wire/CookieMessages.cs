namespace Kyberium.Engine.Wire;

/// <summary>The body of a type-18 envelope: which msg1 it answers, and the cookie to send back.</summary>
internal readonly ref struct CookieChallenge
{
    /// <summary>The size of a cookie.</summary>
    internal const int CookieSize = 32;

    /// <summary>The size of SHA-256 over the whole msg1 envelope.</summary>
    internal const int MessageHashSize = 32;

    /// <summary>The size in bytes.</summary>
    internal const int Size = MessageHashSize + CookieSize;

    internal CookieChallenge(ReadOnlySpan<byte> messageHash, ReadOnlySpan<byte> cookie)
    {
        MessageHash = messageHash;
        Cookie = cookie;
    }

    internal ReadOnlySpan<byte> MessageHash { get; }

    internal ReadOnlySpan<byte> Cookie { get; }

    internal void Write(Span<byte> destination)
    {
        Cookie.CopyTo(destination[MessageHashSize..]);
        MessageHash.CopyTo(destination);
    }

    internal static bool TryRead(ReadOnlySpan<byte> body, out CookieChallenge challenge, out WireFailure failure)
    {
        failure = body.Length.CompareTo(Size) switch
        {
            0 => WireFailure.None,
            < 0 => WireFailure.Truncated,
            _ => WireFailure.LengthMismatch,
        };
        challenge = failure == WireFailure.None ? new(body[..MessageHashSize], body[MessageHashSize..]) : default;
        return failure == WireFailure.None;
    }
}

/// <summary>The body of a type-19 envelope: the cookie, then the whole msg1 envelope, unchanged.</summary>
internal readonly ref struct CookieAnswer
{
    internal CookieAnswer(ReadOnlySpan<byte> cookie, ReadOnlySpan<byte> message1Envelope)
    {
        Cookie = cookie;
        Message1Envelope = message1Envelope;
    }

    internal ReadOnlySpan<byte> Cookie { get; }

    internal ReadOnlySpan<byte> Message1Envelope { get; }

    internal int Size => CookieChallenge.CookieSize + Message1Envelope.Length;

    internal void Write(Span<byte> destination)
    {
        Message1Envelope.CopyTo(destination[CookieChallenge.CookieSize..]);
        Cookie.CopyTo(destination);
    }

    /// <summary>Splits the body; what follows the cookie must be exactly one msg1 envelope.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> body, out CookieAnswer answer, out WireFailure failure)
    {
        answer = default;
        if (body.Length < CookieChallenge.CookieSize)
        {
            failure = WireFailure.Truncated;
            return false;
        }

        var message1 = body[CookieChallenge.CookieSize..];
        if (!EnvelopeHeader.TryReadEnvelope(message1, out var header, out failure))
        {
            return false;
        }

        failure = header.Type == EnvelopeType.Handshake1 ? WireFailure.None : WireFailure.FieldInvalid;
        answer = failure == WireFailure.None ? new(body[..CookieChallenge.CookieSize], message1) : default;
        return failure == WireFailure.None;
    }
}

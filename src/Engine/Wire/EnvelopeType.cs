namespace Kyberium.Engine.Wire;

/// <summary>What an envelope is for; the second byte of its header. docs/formats/envelope.md.</summary>
internal enum EnvelopeType : byte
{
    /// <summary>The caller's bytes, volatile.</summary>
    Data = 1,

    /// <summary>A numbered, durable message.</summary>
    Message = 2,

    /// <summary>Acknowledges messages up to a number.</summary>
    Acknowledge = 3,

    /// <summary>Carries msg1 or msg2 of a rekey.</summary>
    RekeyCarrier = 4,

    /// <summary>Confirms a new epoch, and answers that.</summary>
    Confirm = 5,

    /// <summary>Ends the session.</summary>
    Close = 6,

    /// <summary>Tells the sender up to which sequence the receiver refuses.</summary>
    WindowNotice = 7,

    /// <summary>The caller's bytes with padding.</summary>
    FramedData = 8,

    /// <summary>msg1 of a handshake.</summary>
    Handshake1 = 16,

    /// <summary>msg2 of a handshake.</summary>
    Handshake2 = 17,

    /// <summary>Asks the sender of msg1 to show that it receives at its address.</summary>
    CookieChallenge = 18,

    /// <summary>msg1 again, with the cookie.</summary>
    CookieAnswer = 19,
}

/// <summary>The groups of envelope types that rules speak of.</summary>
internal static class EnvelopeTypes
{
    /// <summary>Sealed under an epoch's traffic keys.</summary>
    internal static bool IsRecord(this EnvelopeType type) => type is >= EnvelopeType.Data and <= EnvelopeType.FramedData;

    /// <summary>Waits at a hard limit: types 1, 2 and 8.</summary>
    internal static bool WaitsAtHardLimit(this EnvelopeType type) =>
        type is EnvelopeType.Data or EnvelopeType.Message or EnvelopeType.FramedData;

    /// <summary>Opens even past the bound of incarnations, because a repeat changes nothing: types 4 to 7.</summary>
    internal static bool IsIdempotent(this EnvelopeType type) =>
        type is >= EnvelopeType.RekeyCarrier and <= EnvelopeType.WindowNotice;

    internal static bool IsKnown(this EnvelopeType type) =>
        type.IsRecord() || type is >= EnvelopeType.Handshake1 and <= EnvelopeType.CookieAnswer;
}

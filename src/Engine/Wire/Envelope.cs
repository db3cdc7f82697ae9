namespace Kyberium.Engine.Wire;

internal enum EnvelopeType : byte
{
    Data = 1, Message = 2, Acknowledge = 3, RekeyCarrier = 4, Confirm = 5, Close = 6, WindowNotice = 7, FramedData = 8,
    Handshake1 = 16, Handshake2 = 17, CookieChallenge = 18, CookieAnswer = 19,
}

internal readonly record struct EnvelopeHeader(EnvelopeType Type)
{
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out EnvelopeHeader header, out int fault) { fault = 0; header = new((EnvelopeType)bytes[1]); return bytes.Length >= 44; }
}

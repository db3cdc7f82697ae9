using System.Buffers.Binary;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>What a handshake is for.</summary>
internal enum HandshakeKind : byte
{
    /// <summary>Makes a session.</summary>
    Session = 0,

    /// <summary>Makes the next epoch of a session.</summary>
    Rekey = 1,
}

/// <summary>What both sides must agree on before a handshake's first byte. docs/formats/handshake.md.</summary>
internal static class HandshakePrologue
{
    private const int SessionSize = 4 + 1 + Fingerprint.Size + EnvelopeHeader.Size;
    private const int RekeySize = SessionSize + SessionId.Size + sizeof(uint) + SymmetricState.HashSize;

    /// <summary>Kind 0: <c>"KYB1" ‖ 0 ‖ responder fingerprint ‖ header of msg1</c>, 97 bytes.</summary>
    internal static byte[] ForSession(Fingerprint responder, in EnvelopeHeader message1)
    {
        var prologue = new byte[SessionSize];
        WriteCommon(prologue, HandshakeKind.Session, responder, message1);
        return prologue;
    }

    /// <summary>Kind 1: the same with kind 1, then <c>session id ‖ current epoch32 ‖ its handshake hash</c>, 181 bytes.</summary>
    internal static byte[] ForRekey(
        Fingerprint responder, in EnvelopeHeader message1, SessionId session, Epoch current, ReadOnlySpan<byte> currentHandshakeHash)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(currentHandshakeHash.Length, SymmetricState.HashSize);
        var prologue = new byte[RekeySize];
        WriteCommon(prologue, HandshakeKind.Rekey, responder, message1);
        var chained = prologue.AsSpan(SessionSize);
        session.Write(chained);
        BinaryPrimitives.WriteUInt32BigEndian(chained[SessionId.Size..], current.Value);
        currentHandshakeHash.CopyTo(chained[(SessionId.Size + sizeof(uint))..]);
        return prologue;
    }

    private static void WriteCommon(
        Span<byte> prologue, HandshakeKind kind, Fingerprint responder, in EnvelopeHeader message1)
    {
        "KYB1"u8.CopyTo(prologue);
        prologue[4] = (byte)kind;
        responder.Bytes.CopyTo(prologue[5..]);
        message1.Write(prologue[(5 + Fingerprint.Size)..]);
    }
}

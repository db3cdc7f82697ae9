namespace Kyberium.Engine.Wire;

/// <summary>Why a side ends a session. Numbers not listed are read as they are and treated as <see cref="Ended"/>.</summary>
internal enum CloseReason : byte
{
    /// <summary>The session is no longer needed.</summary>
    Ended = 1,

    /// <summary>Another session with the peer is used instead.</summary>
    Replaced = 2,

    /// <summary>The sender forgot the peer and its keys.</summary>
    Forgotten = 3,

    /// <summary>The sender's policy no longer permits the session.</summary>
    Forbidden = 4,

    /// <summary>The sender found its own state unusable.</summary>
    Damaged = 5,
}

/// <summary>The plaintext of a type-6 record: one byte.</summary>
internal readonly record struct CloseNotice(CloseReason Reason)
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 1;

    internal byte[] Encode()
    {
        var bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    internal void Write(Span<byte> destination) => destination[0] = (byte)Reason;

    internal static bool TryRead(ReadOnlySpan<byte> source, out CloseNotice notice, out WireFailure failure)
    {
        failure = source.Length switch
        {
            0 => WireFailure.Truncated,
            > Size => WireFailure.LengthMismatch,
            _ => source[0] == 0 ? WireFailure.FieldInvalid : WireFailure.None,
        };
        notice = failure == WireFailure.None ? new CloseNotice((CloseReason)source[0]) : default;
        return failure == WireFailure.None;
    }
}

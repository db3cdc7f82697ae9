namespace Kyberium.Engine.Cluster.Framing;

/// <summary>The numbers of docs/formats/cluster-link.md.</summary>
internal static class FrameFormat
{
    internal const byte Version = 1;

    /// <summary>What both sides agree on in the TLS handshake (ALPN): these frames and nothing else.</summary>
    internal const string Protocol = "kyberium-link/1";

    /// <summary>Length (4) and version (1) of a frame.</summary>
    internal const int HeadSize = 5;

    /// <summary>The most that a frame's length says: the version and the items behind it.</summary>
    internal const int FrameLengthMax = 64 << 10;

    /// <summary>A writer ends a frame when it has become this long, so that a reader is not kept waiting for the whole of a long one.</summary>
    internal const int FrameLengthTarget = 32 << 10;

    /// <summary>Longer payloads follow their item in pieces of at most this size.</summary>
    internal const int PieceBytesMax = 16 << 10;

    /// <summary>The longest payload that any two sides may agree on.</summary>
    internal const int PayloadBytesMax = 16 << 20;

    /// <summary>How many answers may be under way in pieces at once: it bounds what a caller holds of unfinished ones.</summary>
    internal const int AnswersInPiecesMax = 4;

    /// <summary>Correlation numbers name a slot by their low 16 bits, so that no table has to be searched.</summary>
    internal const int SlotCountMax = 1 << 16;

    internal const int GroupSizeMax = 64;

    internal static ReadOnlySpan<byte> Magic => "KYCL"u8;

    internal static int SlotOf(uint correlation) => (int)(correlation & 0xffff);
}

/// <summary>What an item is: its first byte.</summary>
internal enum ItemKind : byte
{
    Hello = 1,
    Welcome = 2,
    Request = 3,
    Answer = 4,
    Piece = 5,
    Cancel = 6,
    GoingAway = 7,
    Ask = 8,
    Here = 9,
}

/// <summary>How a request ended, on the wire.</summary>
internal enum WireStatus : byte
{
    Done = 1,
    Failed = 2,
    WrongOwner = 3,

    /// <summary>The request was cancelled or its time was over; it may have happened.</summary>
    GivenUp = 4,
}

/// <summary>What the answering side grants a caller: how much may be without an answer at once.</summary>
/// <param name="RequestCountMax">Requests, 1 to 65,536.</param>
/// <param name="RequestBytesMax">Bytes of payloads that are not in pieces, at least <see cref="FrameFormat.PieceBytesMax"/>.</param>
/// <param name="InPiecesCountMax">Requests whose payload comes in pieces, 1 to 1,024: counted apart, so that neither kind starves the other.</param>
/// <param name="PayloadBytesMax">Bytes of one payload, 1 to 16 MiB.</param>
internal readonly record struct LinkGrant(int RequestCountMax, int RequestBytesMax, int InPiecesCountMax, int PayloadBytesMax)
{
    internal bool IsSound =>
        RequestCountMax is >= 1 and <= FrameFormat.SlotCountMax
        && RequestBytesMax >= FrameFormat.PieceBytesMax
        && InPiecesCountMax is >= 1 and <= 1_024
        && PayloadBytesMax is >= 1 and <= FrameFormat.PayloadBytesMax;
}

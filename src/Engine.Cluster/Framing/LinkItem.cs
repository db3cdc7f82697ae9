namespace Kyberium.Engine.Cluster.Framing;

/// <summary>One item of a frame, as it was read: which fields mean something depends on <see cref="Kind"/> and <see cref="Status"/>.</summary>
internal ref struct LinkItem
{
    internal ItemKind Kind;

    internal uint Correlation;

    internal Guid Operation;

    /// <summary>ASCII, 1 to 64 bytes.</summary>
    internal ReadOnlySpan<byte> Group;

    internal int ShardNumber;

    internal uint RemainingMillis;

    internal WireStatus Status;

    internal ushort Code;

    /// <summary>UTF-8 of a failure's message; ASCII of the owner for a wrong owner.</summary>
    internal ReadOnlySpan<byte> Text;

    /// <summary>ASCII of the owner's address for a wrong owner.</summary>
    internal ReadOnlySpan<byte> Address;

    internal long Fence;

    internal long MapVersion;

    internal LinkGrant Grant;

    internal byte ProtocolVersion;

    /// <summary>The whole payload's length; more than <see cref="FrameFormat.PieceBytesMax"/>: it follows in pieces.</summary>
    internal int PayloadLength;

    /// <summary>Where the payload or piece that the item itself carries begins among the frame's items, and its length.</summary>
    internal int BytesStart;

    internal int BytesLength;
}

using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Journal;

/// <summary>Why a stored frame is not accepted.</summary>
internal enum FrameFault
{
    None = 0,
    TooShort,
    NotAFrame,
    VersionUnsupported,
    LengthMismatch,
    HeaderMalformed,
    ChecksumMismatch,
    OtherKind,
    OtherStore,
    OtherShard,
    OtherPlace,
    FenceOutOfOrder,
    ChainBroken,
    PositionGap,
    DataKeyMissing,
    NotAuthentic,
}

/// <summary>The words for a <see cref="FrameFault"/> in messages and reports.</summary>
internal static class FrameFaultText
{
    internal static string Explain(this FrameFault fault) => fault switch
    {
        FrameFault.None => "sound",
        FrameFault.TooShort => "cut short",
        FrameFault.NotAFrame => "its first bytes are not those of a frame",
        FrameFault.VersionUnsupported => "its frame version is newer than this program",
        FrameFault.LengthMismatch => "its length contradicts its header",
        FrameFault.HeaderMalformed => "its header contradicts itself",
        FrameFault.ChecksumMismatch => "its checksum does not match",
        FrameFault.OtherKind => "a record lies where a row belongs, or the reverse",
        FrameFault.OtherStore => "it belongs to another store",
        FrameFault.OtherShard => "it belongs to another shard",
        FrameFault.OtherPlace => "it was moved from another position or key",
        FrameFault.FenceOutOfOrder => "its fence does not fit what stands around it",
        FrameFault.ChainBroken => "it does not follow the record before it",
        FrameFault.PositionGap => "records before it are missing",
        FrameFault.DataKeyMissing => "its data key is missing",
        FrameFault.NotAuthentic => "it does not open under its data key",
        _ => throw Invariant.Violated($"no words for {fault}"),
    };
}

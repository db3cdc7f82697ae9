namespace Kyberium.Engine.Journal;

/// <summary>What must hold from one record of a shard to the next: positions rise by one, each names the tag of the one
/// before, fences never fall. Needs no keys.</summary>
internal struct RecordChain
{
    private readonly byte[] _lastTag = new byte[StoreFrame.TagSize];
    private bool _lastTagKnown;
    private Fence _fence;

    /// <summary>Begins after a record.</summary>
    /// <param name="end">Its position; 0 begins before the first record, whose predecessor's tag is 16 zeros.</param>
    /// <param name="tag">Its tag, or empty when it is not known.</param>
    internal RecordChain(LogPosition end, ReadOnlySpan<byte> tag)
    {
        End = end;
        _lastTagKnown = tag.Length == StoreFrame.TagSize || end.Value == 0;
        tag.CopyTo(_lastTag);
    }

    internal LogPosition End { get; private set; }

    internal readonly ReadOnlySpan<byte> LastTag => _lastTag;

    internal readonly FrameFault Check(LogPosition position, in StoreFrame frame) =>
        frame.Position != position ? FrameFault.OtherPlace
        : position != End.Next ? FrameFault.PositionGap
        : frame.Fence.Value < _fence.Value ? FrameFault.FenceOutOfOrder
        : _lastTagKnown && !frame.PreviousTag.SequenceEqual(_lastTag) ? FrameFault.ChainBroken
        : FrameFault.None;

    internal void Advance(in StoreFrame frame)
    {
        End = frame.Position;
        _fence = frame.Fence;
        _lastTagKnown = true;
        frame.Tag.CopyTo(_lastTag);
    }
}

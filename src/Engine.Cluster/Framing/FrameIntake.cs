namespace Kyberium.Engine.Cluster.Framing;

/// <summary>Turns what a stream gives, in whatever pieces, into whole frames. Holds at most one unfinished frame.</summary>
internal sealed class FrameIntake(bool countsPayloads) : IDisposable
{
    private const int RoomMin = 4 << 10;

    private int _start;
    private int _end;
    private int _needed = FrameFormat.HeadSize;

    /// <summary>Gets the block that the items last taken lie in.</summary>
    internal ReceiveBlock Block { get; private set; } = new(countsPayloads);

    /// <summary>Gives room for what comes next.</summary>
    internal Memory<byte> Room()
    {
        if (_start == _end && Block.IsUnshared)
        {
            (_start, _end) = (0, 0);
        }

        var wanted = Math.Max(RoomMin, _needed - (_end - _start));
        if (ReceiveBlock.Size - _end < wanted)
        {
            var next = new ReceiveBlock(countsPayloads);
            Block.Bytes.AsSpan(_start, _end - _start).CopyTo(next.Bytes);
            Block.Release();
            (Block, _end, _start) = (next, _end - _start, 0);
        }

        return Block.Bytes.AsMemory(_end, ReceiveBlock.Size - _end);
    }

    internal void Advance(int count) => _end += count;

    /// <summary>Takes the next frame's items.</summary>
    internal Reading TryTake(out ReadOnlyMemory<byte> items)
    {
        items = default;
        var reading = FrameReader.TryFrame(Block.Bytes.AsSpan(_start, _end - _start), out _needed);
        if (reading == Reading.Whole)
        {
            items = Block.Bytes.AsMemory(_start + FrameFormat.HeadSize, _needed - FrameFormat.HeadSize);
            _start += _needed;
            _needed = FrameFormat.HeadSize;
        }

        return reading;
    }

    public void Dispose() => Block.Release();
}

using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Kyberium.Engine.Cluster.Framing;

/// <summary>Collects items in frames, in one buffer that grows as needed and is lent by the shared pool. Not thread-safe.</summary>
/// <remarks>Payloads may be plaintexts of this cluster's messages: the buffer is cleared before it goes back to the pool.</remarks>
internal sealed class FrameWriter : IDisposable
{
    private const int InitialSize = 64 << 10;

    private byte[] _buffer = [];
    private int _frameStart = -1;

    /// <summary>Gets how many bytes were written; the length of the last frame is filled in by <see cref="Finish"/>.</summary>
    internal int Count { get; private set; }

    internal void Hello()
    {
        var item = Begin(1 + FrameFormat.Magic.Length + 1);
        item[0] = (byte)ItemKind.Hello;
        FrameFormat.Magic.CopyTo(item[1..]);
        item[5] = FrameFormat.Version;
    }

    internal void Welcome(LinkGrant grant)
    {
        var item = Begin(18);
        item[0] = (byte)ItemKind.Welcome;
        item[1] = FrameFormat.Version;
        BinaryPrimitives.WriteUInt32BigEndian(item[2..], (uint)grant.RequestCountMax);
        BinaryPrimitives.WriteUInt32BigEndian(item[6..], (uint)grant.RequestBytesMax);
        BinaryPrimitives.WriteUInt32BigEndian(item[10..], (uint)grant.InPiecesCountMax);
        BinaryPrimitives.WriteUInt32BigEndian(item[14..], (uint)grant.PayloadBytesMax);
    }

    /// <summary>Writes a request. A payload of more than <see cref="FrameFormat.PieceBytesMax"/> bytes is announced only.</summary>
    internal void Request(uint correlation, Guid operation, ShardId shard, uint remainingMillis, ReadOnlySpan<byte> payload)
    {
        var within = payload.Length <= FrameFormat.PieceBytesMax ? payload.Length : 0;
        var item = Begin(32 + shard.Group.Length + within);
        item[0] = (byte)ItemKind.Request;
        BinaryPrimitives.WriteUInt32BigEndian(item[1..], correlation);
        operation.TryWriteBytes(item[5..], bigEndian: true, out _);
        item[21] = (byte)shard.Group.Length;
        var rest = item[22..];
        rest = rest[Encoding.ASCII.GetBytes(shard.Group, rest)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)shard.Number);
        BinaryPrimitives.WriteUInt32BigEndian(rest[2..], remainingMillis);
        BinaryPrimitives.WriteUInt32BigEndian(rest[6..], (uint)payload.Length);
        payload[..within].CopyTo(rest[10..]);
    }

    /// <summary>Writes that a request is done. A payload of more than <see cref="FrameFormat.PieceBytesMax"/> bytes is announced only.</summary>
    internal void Done(uint correlation, ReadOnlySpan<byte> payload)
    {
        var within = payload.Length <= FrameFormat.PieceBytesMax ? payload.Length : 0;
        var item = Begin(10 + within);
        AnswerHead(item, correlation, WireStatus.Done);
        BinaryPrimitives.WriteUInt32BigEndian(item[6..], (uint)payload.Length);
        payload[..within].CopyTo(item[10..]);
    }

    internal void Failed(uint correlation, EngineErrorCode code, string message)
    {
        Span<byte> text = stackalloc byte[ClusterAnswer.MessageBytesMax];
        Encoding.UTF8.GetEncoder().Convert(message, text, flush: true, out _, out var length, out _);
        var item = Begin(10 + length);
        AnswerHead(item, correlation, WireStatus.Failed);
        BinaryPrimitives.WriteUInt16BigEndian(item[6..], (ushort)code);
        BinaryPrimitives.WriteUInt16BigEndian(item[8..], (ushort)length);
        text[..length].CopyTo(item[10..]);
    }

    internal void WrongOwner(uint correlation, OwnerHint hint)
    {
        var (owner, address) = (hint.Owner.Value, hint.Address);
        var item = Begin(24 + owner.Length + address.Length);
        AnswerHead(item, correlation, WireStatus.WrongOwner);
        BinaryPrimitives.WriteInt64BigEndian(item[6..], hint.MapVersion);
        BinaryPrimitives.WriteUInt64BigEndian(item[14..], (ulong)hint.Fence.Value);
        item[22] = (byte)owner.Length;
        Encoding.ASCII.GetBytes(owner, item[23..]);
        item[23 + owner.Length] = (byte)address.Length;
        Encoding.ASCII.GetBytes(address, item[(24 + owner.Length)..]);
    }

    internal void GivenUp(uint correlation) => AnswerHead(Begin(6), correlation, WireStatus.GivenUp);

    internal void Piece(uint correlation, ReadOnlySpan<byte> piece)
    {
        var item = Begin(7 + piece.Length);
        item[0] = (byte)ItemKind.Piece;
        BinaryPrimitives.WriteUInt32BigEndian(item[1..], correlation);
        BinaryPrimitives.WriteUInt16BigEndian(item[5..], (ushort)piece.Length);
        piece.CopyTo(item[7..]);
    }

    internal void Cancel(uint correlation)
    {
        var item = Begin(5);
        item[0] = (byte)ItemKind.Cancel;
        BinaryPrimitives.WriteUInt32BigEndian(item[1..], correlation);
    }

    internal void GoingAway() => Begin(1)[0] = (byte)ItemKind.GoingAway;

    internal void Ask() => Begin(1)[0] = (byte)ItemKind.Ask;

    internal void Here() => Begin(1)[0] = (byte)ItemKind.Here;

    /// <summary>Ends the last frame and shows all of them; valid until the next write.</summary>
    internal ReadOnlyMemory<byte> Finish()
    {
        EndFrame();
        return _buffer.AsMemory(0, Count);
    }

    /// <summary>Forgets what was written; keeps the buffer unless it has become much larger than usual.</summary>
    internal void Clear()
    {
        _buffer.AsSpan(0, Count).Clear();
        Count = 0;
        _frameStart = -1;
        if (_buffer.Length > 16 * InitialSize)
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            _buffer.AsSpan(0, Count).Clear();
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }

        Count = 0;
        _frameStart = -1;
    }

    private static void AnswerHead(Span<byte> item, uint correlation, WireStatus status)
    {
        item[0] = (byte)ItemKind.Answer;
        BinaryPrimitives.WriteUInt32BigEndian(item[1..], correlation);
        item[5] = (byte)status;
    }

    // Items never span frames: one that would make the frame too long begins the next.
    private Span<byte> Begin(int size)
    {
        if (_frameStart >= 0 && Count - _frameStart + size > FrameFormat.FrameLengthTarget)
        {
            EndFrame();
        }

        if (_frameStart < 0)
        {
            _frameStart = Count;
            Take(FrameFormat.HeadSize)[4] = FrameFormat.Version;
        }

        return Take(size);
    }

    private Span<byte> Take(int size)
    {
        if (_buffer.Length - Count < size)
        {
            Grow(Count + size);
        }

        var taken = _buffer.AsSpan(Count, size);
        Count += size;
        return taken;
    }

    private void EndFrame()
    {
        if (_frameStart >= 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(_frameStart), (uint)(Count - _frameStart - 4));
            _frameStart = -1;
        }
    }

    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(InitialSize, Math.Max(size, 2 * _buffer.Length)));
        _buffer.AsSpan(0, Count).CopyTo(larger);
        if (_buffer.Length > 0)
        {
            _buffer.AsSpan(0, Count).Clear();
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = larger;
    }
}

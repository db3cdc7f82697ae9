using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Kyberium.Engine.Cluster.Framing;

namespace Kyberium.Engine.Cluster.Serving;

/// <summary>One request that another node waits for. Used again for later ones.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A source without timer or linked token owns nothing, and who stops the request may cancel it later.")]
internal sealed class ServedRequest
{
    private CancellationTokenSource _cancellation = new();
    private bool _isTaken;

    internal uint Correlation { get; private set; }

    internal Guid Operation { get; private set; }

    internal ShardId Shard { get; private set; }

    internal long DueMillis { get; private set; }

    internal int PayloadLength { get; private set; }

    internal ReadOnlyMemory<byte> Payload { get; set; }

    /// <summary>What <see cref="Payload"/> lies in, unless it came in pieces.</summary>
    internal ReceiveBlock? Block { get; set; }

    /// <summary>A payload that comes in pieces, as far as it is there.</summary>
    internal byte[]? Arriving { get; set; }

    internal int ArrivedLength { get; set; }

    /// <summary>Gets or sets whether a handler has it.</summary>
    internal bool IsRunning { get; set; }

    internal bool IsAnswered { get; set; }

    /// <summary>An answer that goes out in pieces, and how much of it has.</summary>
    internal ReadOnlyMemory<byte> Answer { get; set; }

    internal int SentLength { get; set; }

    internal CancellationToken Cancelled => _cancellation.Token;

    internal void Begin(in LinkItem item, string group, long dueMillis)
    {
        Correlation = item.Correlation;
        Operation = item.Operation;
        Shard = new ShardId(group, item.ShardNumber);
        DueMillis = dueMillis;
        PayloadLength = item.PayloadLength;
    }

    /// <summary>Gives what stops the handler, once; it belongs to this use of the object and not to the next. Cancel it outside of locks:
    /// handlers' own callbacks run there.</summary>
    internal CancellationTokenSource? TakeCancellation()
    {
        if (_isTaken)
        {
            return null;
        }

        _isTaken = true;
        return _cancellation;
    }

    internal void ReleasePayload()
    {
        Payload = default;
        Block?.Release();
        Block = null;
        if (Arriving is { } arriving)
        {
            Arriving = null;
            ArrayPool<byte>.Shared.Return(arriving, clearArray: true);
        }
    }

    internal void End()
    {
        ReleasePayload();
        (Answer, SentLength, ArrivedLength, IsRunning, IsAnswered) = (default, 0, 0, false, false);
        if (_isTaken || !_cancellation.TryReset())
        {
            _cancellation = new CancellationTokenSource();      // who took the old one may yet cancel it; without timers it owns nothing
            _isTaken = false;
        }
    }
}

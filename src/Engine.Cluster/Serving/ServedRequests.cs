using System.Buffers;
using System.Text;
using Kyberium.Engine.Cluster.Framing;
using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Cluster.Serving;

/// <summary>The answering side of one connection as a state machine: holds the caller to what was granted, puts payloads together and writes
/// answers. Pure; its connection's lock protects it.</summary>
internal sealed class ServedRequests(LinkGrant grant) : IDisposable
{
    private const int PiecesPerFill = 4;

    private readonly ServedRequest?[] _slots = new ServedRequest?[grant.RequestCountMax];
    private readonly Stack<ServedRequest> _spare = new();
    private readonly Queue<ServedRequest> _answersInPieces = new();
    private readonly GroupNames _groups = new();
    private int _smallBytes;
    private int _inPieces;
    private int _usedCount;

    /// <summary>Gets how many requests have no answer yet, or one that is not wholly written.</summary>
    internal int UnansweredCount { get; private set; }

    /// <summary>Gets how many bytes of answers wait to be written in pieces.</summary>
    internal long InPiecesBytes { get; private set; }

    /// <summary>Takes a request.</summary>
    /// <param name="block">What <paramref name="bytes"/> lie in; held until the request is answered.</param>
    /// <returns>The request, when its payload is complete.</returns>
    /// <exception cref="LinkProtocolException">The caller was not granted this.</exception>
    internal ServedRequest? Accept(in LinkItem item, ReceiveBlock block, ReadOnlyMemory<byte> bytes, long now)
    {
        var number = FrameFormat.SlotOf(item.Correlation);
        if (number >= _slots.Length || _slots[number] is not null || item.PayloadLength > grant.PayloadBytesMax)
        {
            throw new LinkProtocolException("a request that was not granted");
        }

        var isInPieces = item.PayloadLength > FrameFormat.PieceBytesMax;
        _smallBytes += isInPieces ? 0 : item.PayloadLength;
        _inPieces += isInPieces ? 1 : 0;
        if (_smallBytes > grant.RequestBytesMax || _inPieces > grant.InPiecesCountMax)
        {
            throw new LinkProtocolException("more bytes than were granted");
        }

        var request = _spare.TryPop(out var spare) ? spare : new ServedRequest();
        _slots[number] = request;
        _usedCount = Math.Max(_usedCount, number + 1);
        UnansweredCount++;
        request.Begin(item, _groups.Of(item.Group), now + item.RemainingMillis);
        if (isInPieces)
        {
            request.Arriving = ArrayPool<byte>.Shared.Rent(item.PayloadLength);
            return null;
        }

        if (!bytes.IsEmpty)
        {
            block.Retain();
            (request.Block, request.Payload) = (block, bytes);
        }

        return request;
    }

    /// <summary>Takes a piece of a request's payload.</summary>
    /// <returns>The request, when its payload is complete.</returns>
    internal ServedRequest? Piece(in LinkItem item, ReadOnlySpan<byte> bytes)
    {
        var request = Find(item.Correlation);
        if (request?.Arriving is not { } arriving || request.IsRunning || request.PayloadLength - request.ArrivedLength < bytes.Length)
        {
            throw new LinkProtocolException("a piece of no request, or beyond its payload");
        }

        bytes.CopyTo(arriving.AsSpan(request.ArrivedLength));
        request.ArrivedLength += bytes.Length;
        if (request.ArrivedLength < request.PayloadLength)
        {
            return null;
        }

        request.Payload = arriving.AsMemory(0, request.PayloadLength);
        return request;
    }

    /// <summary>Takes a cancellation. What has not begun is answered at once.</summary>
    /// <returns>What stops the request, when it runs and nobody has stopped it.</returns>
    internal CancellationTokenSource? Cancel(uint correlation, FrameWriter writer)
    {
        if (Find(correlation) is not { } request || request.IsAnswered)
        {
            return null;
        }

        if (request.IsRunning)
        {
            return request.TakeCancellation();
        }

        writer.GivenUp(correlation);
        Free(request);
        return null;
    }

    /// <summary>Answers a request. <see langword="null"/>: it was given up.</summary>
    internal void Answer(ServedRequest request, in ClusterAnswer? answer, FrameWriter writer)
    {
        var correlation = request.Correlation;
        switch (answer)
        {
            case { Status: ClusterAnswerStatus.Done } tooLarge when tooLarge.Payload.Length > grant.PayloadBytesMax:
                var refusal = LinkErrors.TooLarge(tooLarge.Payload.Length, grant.PayloadBytesMax);
                writer.Failed(correlation, refusal.Code, refusal.Message!);
                break;
            case { Status: ClusterAnswerStatus.Done, Payload.Length: > FrameFormat.PieceBytesMax } large:
                request.ReleasePayload();
                request.Answer = large.Payload;
                request.IsAnswered = true;
                InPiecesBytes += large.Payload.Length;
                _answersInPieces.Enqueue(request);
                return;
            case { Status: ClusterAnswerStatus.Done } done:
                writer.Done(correlation, done.Payload.Span);
                break;
            case { Status: ClusterAnswerStatus.WrongOwner } elsewhere:
                writer.WrongOwner(correlation, elsewhere.Hint);
                break;
            case { Status: ClusterAnswerStatus.Failed } failed:
                writer.Failed(correlation, failed.Code, failed.Message!);
                break;
            case null:
                writer.GivenUp(correlation);
                break;
            default:
                throw Invariant.Violated("a handler's answer has a status");
        }

        Free(request);
    }

    /// <summary>Writes some pieces of answers; one answer after the other, so that the caller holds little that is unfinished.</summary>
    internal void WritePieces(FrameWriter writer)
    {
        for (var turn = 0; turn < PiecesPerFill && _answersInPieces.TryPeek(out var request); turn++)
        {
            if (request.SentLength == 0)
            {
                writer.Done(request.Correlation, request.Answer.Span);
            }

            var length = Math.Min(FrameFormat.PieceBytesMax, request.Answer.Length - request.SentLength);
            writer.Piece(request.Correlation, request.Answer.Span.Slice(request.SentLength, length));
            request.SentLength += length;
            InPiecesBytes -= length;
            if (request.SentLength == request.Answer.Length)
            {
                _answersInPieces.Dequeue();
                Free(request);
            }
        }
    }

    /// <summary>Collects what stops the requests that run and whose time is over.</summary>
    internal void Expired(long now, List<CancellationTokenSource> stops)
    {
        for (var number = 0; number < _usedCount; number++)
        {
            if (_slots[number] is { IsRunning: true, IsAnswered: false } request && request.DueMillis <= now
                && request.TakeCancellation() is { } stop)
            {
                stops.Add(stop);
            }
        }
    }

    /// <summary>Collects what stops every request that runs: the connection is lost.</summary>
    internal void Running(List<CancellationTokenSource> stops) => Expired(long.MaxValue, stops);

    public void Dispose()
    {
        foreach (var request in _slots)
        {
            // What runs still reads its payload; the collector takes that.
            if (request is { IsRunning: false })
            {
                request.ReleasePayload();
            }
        }
    }

    private ServedRequest? Find(uint correlation)
    {
        var number = FrameFormat.SlotOf(correlation);
        return number < _slots.Length && _slots[number] is { } request && request.Correlation == correlation ? request : null;
    }

    private void Free(ServedRequest request)
    {
        if (request.PayloadLength > FrameFormat.PieceBytesMax)
        {
            _inPieces--;
        }
        else
        {
            _smallBytes -= request.PayloadLength;
        }

        _slots[FrameFormat.SlotOf(request.Correlation)] = null;
        UnansweredCount--;
        request.End();
        _spare.Push(request);
    }

    /// <summary>Group names as they come in requests: few, and each the same text again and again.</summary>
    private sealed class GroupNames
    {
        private readonly string?[] _names = new string?[8];

        internal string Of(ReadOnlySpan<byte> ascii)
        {
            ref var name = ref _names[(ascii[0] + ascii[^1] + ascii.Length) % _names.Length];
            if (name is null || !Ascii.Equals(ascii, name))
            {
                name = Encoding.ASCII.GetString(ascii);
            }

            return name;
        }
    }
}

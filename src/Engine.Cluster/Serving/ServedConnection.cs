using Kyberium.Engine.Cluster.Framing;
using Kyberium.Engine.Cluster.Links;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Cluster.Serving;

/// <summary>One caller's connection: reads requests, hands them to the handler, writes answers as they come.</summary>
internal sealed class ServedConnection : IDisposable
{
    /// <summary>With more than this in other answers, those in pieces wait.</summary>
    private const int PiecesRoom = 128 << 10;

    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a caller that was let in may take to say hello.</summary>
    private static readonly TimeSpan GreetingTimeout = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly FrameIntake _intake = new(countsPayloads: true);
    private readonly WakeSignal _answers = new();
    private readonly WakeSignal _room = new();
    private readonly NodeId _caller;
    private readonly IClusterRequestHandler _handler;
    private readonly ClusterLinkServerOptions _options;
    private readonly ILogger _logger;
    private readonly ServedRequests _requests;
    private readonly LinkGrant _grant;
    private readonly ITimer _sweeper;
    private readonly List<ServedRequest> _ready = [];
    private readonly List<(ServedRequest Request, ClusterAnswer Answer)> _answered = [];
    private readonly List<CancellationTokenSource> _stops = [];
    private FrameWriter _writing = new();
    private FrameWriter _pending = new();
    private volatile bool _isWaitingForRoom;
    private bool _isSweeping;
    private bool _isOver;

    internal ServedConnection(NodeId caller, IClusterRequestHandler handler, ClusterLinkServerOptions options, ILogger logger)
    {
        (_caller, _handler, _options, _logger) = (caller, handler, options, logger);
        _grant = new LinkGrant(options.RequestCountMax, options.RequestBytesMax, options.LargeRequestCountMax, options.PayloadBytesMax);
        _requests = new ServedRequests(_grant);
        _sweeper = options.TimeProvider.CreateTimer(
            static connection => ((ServedConnection)connection!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal NodeId Caller => _caller;

    internal int UnansweredCount
    {
        get
        {
            lock (_lock)
            {
                return _requests.UnansweredCount;
            }
        }
    }

    private long Now => (long)_options.TimeProvider.GetElapsedTime(0, _options.TimeProvider.GetTimestamp()).TotalMilliseconds;

    /// <summary>Serves until the caller ends the connection, it is lost, or <paramref name="ended"/>.</summary>
    /// <exception cref="LinkProtocolException">The caller broke a rule.</exception>
    /// <exception cref="IOException">The connection was lost.</exception>
    /// <exception cref="OperationCanceledException">It was lost, or ended here.</exception>
    internal async Task RunAsync(Stream stream, CancellationToken ended)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ended);
        var writing = Task.CompletedTask;
        try
        {
            await GreetAsync(stream, stop.Token).ConfigureAwait(false);
            using var pulse = new Pulse(_options.TimeProvider, _options.KeepAliveTimeout, _options.KeepAliveTimeout, Ask, () => Lost(stop));
            writing = WriteAsync(stream, pulse, stop);
            await ReadAsync(stream, pulse, stop.Token).ConfigureAwait(false);
        }
        finally
        {
            EndRequests();
            await stop.CancelAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);     // what ended it, ended the reading too
        }
    }

    /// <summary>Asks the caller to send nothing more here.</summary>
    internal void GoAway()
    {
        lock (_lock)
        {
            if (!_isOver)
            {
                _pending.GoingAway();
            }
        }

        _answers.Wake();
    }

    public void Dispose()
    {
        _sweeper.Dispose();
        lock (_lock)
        {
            _isOver = true;
            _requests.Dispose();
            _pending.Dispose();
            _writing.Dispose();
        }

        _intake.Dispose();
    }

    private void Ask()
    {
        lock (_lock)
        {
            if (!_isOver)
            {
                _pending.Ask();
            }
        }

        _answers.Wake();
    }

    private static void Lost(CancellationTokenSource stop)
    {
        try
        {
            stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The connection has ended by itself.
        }
    }

    private async Task GreetAsync(Stream requests, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(GreetingTimeout, _options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        while (true)
        {
            var count = await requests.ReadAsync(_intake.Room(), either.Token).ConfigureAwait(false);
            LinkMeter.Received.Add(count);
            _intake.Advance(count);
            switch (_intake.TryTake(out var items))
            {
                case Reading.Whole when IsHello(items.Span):
                    _pending.Welcome(_grant);
                    _answers.Wake();
                    return;
                case Reading.Nothing when count > 0:
                    break;
                default:
                    throw new LinkProtocolException("no hello at the beginning");
            }
        }
    }

    private async Task ReadAsync(Stream requests, Pulse pulse, CancellationToken cancellationToken)
    {
        while (true)
        {
            TakeFrames();
            _answers.Wake();
            await WaitForRoomAsync(cancellationToken).ConfigureAwait(false);
            var count = await requests.ReadAsync(_intake.Room(), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return;
            }

            pulse.Heard();
            LinkMeter.Received.Add(count);
            _intake.Advance(count);
        }
    }

    private void TakeFrames()
    {
        Reading reading;
        while ((reading = _intake.TryTake(out var items)) == Reading.Whole)
        {
            var now = Now;
            if ((reading = Accept(items, now)) == Reading.Malformed)
            {
                break;
            }

            Run(now);
        }

        if (reading == Reading.Malformed)
        {
            throw new LinkProtocolException("a malformed frame or item");
        }
    }

    // One lock for all items of a frame; handlers run outside of it.
    private Reading Accept(ReadOnlyMemory<byte> items, long now)
    {
        var reader = new FrameReader(items.Span);
        lock (_lock)
        {
            Reading reading;
            while ((reading = reader.TryNext(out var item)) == Reading.Whole)
            {
                Accept(item, items.Slice(item.BytesStart, item.BytesLength), now);
            }

            return reading;
        }
    }

    private void Accept(in LinkItem item, ReadOnlyMemory<byte> bytes, long now)
    {
        ServedRequest? ready = null;
        switch (item.Kind)
        {
            case ItemKind.Request:
                ready = _requests.Accept(item, _intake.Block, bytes, now);
                break;
            case ItemKind.Piece:
                ready = _requests.Piece(item, bytes.Span);
                break;
            case ItemKind.Cancel when _requests.Cancel(item.Correlation, _pending) is { } stop:
                _stops.Add(stop);
                break;
            case ItemKind.Ask:
                _pending.Here();
                break;
            case ItemKind.Cancel or ItemKind.Here:
                break;
            default:
                throw new LinkProtocolException($"an item of kind {(int)item.Kind}, which asks nothing");
        }

        if (ready is not null)
        {
            ready.IsRunning = true;
            _ready.Add(ready);
        }
    }

    private void Run(long now)
    {
        foreach (var stop in _stops)
        {
            stop.Cancel();
        }

        LinkMeter.Served.Add(_ready.Count);
        foreach (var request in _ready)
        {
            if (Run(request, now) is { } answer)
            {
                _answered.Add((request, answer));
            }
        }

        lock (_lock)
        {
            foreach (var (request, answer) in _answered)
            {
                Write(request, answer);
            }
        }

        _stops.Clear();
        _ready.Clear();
        _answered.Clear();
    }

    /// <summary>Hands a request to the handler.</summary>
    /// <returns>The answer, when it is there at once.</returns>
    private ClusterAnswer? Run(ServedRequest request, long now)
    {
        ValueTask<ClusterAnswer> answer;
        try
        {
            var asked = new ClusterRequest(
                request.Operation, request.Shard, TimeSpan.FromMilliseconds(Math.Max(1, request.DueMillis - now)), request.Payload);
            answer = _handler.HandleAsync(_caller, asked, request.Cancelled);
        }
#pragma warning disable CA1031 // The caller gets a code, this node's log the exception; other requests go on.
        catch (Exception failure)
        {
            answer = ValueTask.FromException<ClusterAnswer>(failure);
        }
#pragma warning restore CA1031

        if (answer.IsCompletedSuccessfully)
        {
            return Checked(request, answer.Result);
        }

        _ = FinishAsync(request, answer);
        return null;
    }

    private async Task FinishAsync(ServedRequest request, ValueTask<ClusterAnswer> running)
    {
        ArmSweeper();
        ClusterAnswer? answer;
        try
        {
            answer = Checked(request, await running.ConfigureAwait(false));
        }
#pragma warning disable CA1031 // As above.
        catch (Exception failure)
        {
            answer = Read(failure, request);
        }
#pragma warning restore CA1031

        lock (_lock)
        {
            Write(request, answer);
        }

        _answers.Wake();
    }

    private ClusterAnswer Checked(ServedRequest request, in ClusterAnswer answer)
    {
        if (answer.Status != ClusterAnswerStatus.None)
        {
            return answer;
        }

        LinkLog.HandlerFailed(_logger, _caller.Value, request.Shard.ToString(), new InvalidOperationException("the handler gave no answer"));
        return Internal;
    }

    // Under the lock.
    private void Write(ServedRequest request, in ClusterAnswer? answer)
    {
        if (_isOver)
        {
            request.ReleasePayload();
        }
        else
        {
            _requests.Answer(request, answer, _pending);
        }
    }

    private ClusterAnswer? Read(Exception failure, ServedRequest request)
    {
        switch (failure)
        {
            case EngineException known:
                return ClusterAnswer.Failed(known.Code, known.Advice);
            case OperationCanceledException when request.Cancelled.IsCancellationRequested:
                return null;
            default:
                LinkLog.HandlerFailed(_logger, _caller.Value, request.Shard.ToString(), failure);
                return Internal;
        }
    }

    private static ClusterAnswer Internal =>
        ClusterAnswer.Failed(EngineErrorCode.InternalError, "the other node failed in this request; its log says how");

    // A caller that does not read its answers is not read either.
    private async ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_lock)
            {
                _isWaitingForRoom = _pending.Count + _requests.InPiecesBytes > _options.AnswerBytesMax;
                if (!_isWaitingForRoom)
                {
                    return;
                }
            }

            await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WriteAsync(Stream answers, Pulse pulse, CancellationTokenSource stop)
    {
        try
        {
            while (true)
            {
                await _answers.WaitAsync(stop.Token).ConfigureAwait(false);
                while (SwapWriters())
                {
                    var frame = _writing.Finish();
                    LinkMeter.Sent.Add(frame.Length);
                    await answers.WriteAsync(frame, stop.Token).ConfigureAwait(false);
                    _writing.Clear();
                    _room.Wake();
                    if (_isWaitingForRoom)
                    {
                        pulse.Heard();      // who is not read is not heard; that so much goes out shows that it is there
                    }
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);     // nothing is read that cannot be answered
        }
    }

    private bool SwapWriters()
    {
        lock (_lock)
        {
            if (_pending.Count < PiecesRoom)
            {
                _requests.WritePieces(_pending);
            }

            if (_pending.Count == 0)
            {
                return false;
            }

            (_pending, _writing) = (_writing, _pending);
            return true;
        }
    }

    private void ArmSweeper()
    {
        lock (_lock)
        {
            if (!_isSweeping && !_isOver)
            {
                _isSweeping = true;
                _sweeper.Change(SweepInterval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Sweep()
    {
        List<CancellationTokenSource> stops = [];
        lock (_lock)
        {
            _isSweeping = false;
            if (_isOver)
            {
                return;
            }

            _requests.Expired(Now, stops);
        }

        stops.ForEach(stop => stop.Cancel());
        if (UnansweredCount > 0)
        {
            ArmSweeper();
        }
    }

    private void EndRequests()
    {
        List<CancellationTokenSource> stops = [];
        lock (_lock)
        {
            _isOver = true;
            _requests.Running(stops);
        }

        stops.ForEach(stop => stop.Cancel());
    }

    private static bool IsHello(ReadOnlySpan<byte> items)
    {
        var reader = new FrameReader(items);
        return reader.TryNext(out var item) == Reading.Whole && item.Kind == ItemKind.Hello && reader.TryNext(out _) == Reading.Nothing;
    }
}

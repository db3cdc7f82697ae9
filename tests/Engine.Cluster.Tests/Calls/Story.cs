using Kyberium.Engine.Cluster.Calls;
using Kyberium.Engine.Cluster.Framing;
using Kyberium.Engine.Cluster.Serving;

namespace Kyberium.Engine.Cluster.Tests.Calls;

/// <summary>Both machines of the link joined by bytes in memory, driven one step at a time; time is a number.</summary>
internal sealed class Story
{
    internal static readonly LinkGrant Grant = new(RequestCountMax: 4, RequestBytesMax: 20_000, InPiecesCountMax: 2, PayloadBytesMax: 60_000);

    private readonly CallTable _calls = new(waitingCountMax: 24);
    private readonly List<(SingleCall Call, ClusterRequest Request)> _submitted = [];
    private readonly HashSet<Guid> _arrived = [];
    private Wire? _wire;
    private long _now;

    internal int Losses { get; private set; }

    internal IReadOnlyList<(SingleCall Call, ClusterRequest Request)> Submitted => _submitted;

    /// <summary>Takes one step.</summary>
    /// <returns>What is wrong afterwards; <see langword="null"/>: nothing.</returns>
    internal string? Step(int kind, int argument)
    {
        switch (kind)
        {
            case 0 or 1:
                Submit(argument);
                break;
            case 2:
                _wire ??= Connect();
                break;
            case 3 or 4:
                _wire?.SendOut(_calls, _now);
                break;
            case 5 or 6:
                _wire?.Arrive(argument, _now, _arrived);
                break;
            case 7:
                _wire?.Finish(argument);
                break;
            case 8 or 9:
                _wire?.Return(argument, _calls);
                break;
            case 10:
                _now += argument % 400;
                _calls.Sweep(_now);
                _wire?.Expire(_now);
                break;
            case 11 when argument % 4 == 0:
                Lose();
                break;
            case 12 when _submitted.Count > 0:
                _submitted[argument % _submitted.Count].Call.Cancel(new CancellationToken(canceled: true));
                break;
            default:
                break;
        }

        return Problem();
    }

    /// <summary>Lets everything end.</summary>
    internal string? End()
    {
        for (var round = 0; round < 2_000 && _calls.HasWork; round++)
        {
            _wire ??= Connect();
            _wire.SendOut(_calls, _now);
            _wire.Arrive(int.MaxValue, _now, _arrived);
            _wire.Finish(0);
            _wire.Return(int.MaxValue, _calls);
            _now += 5;
            _calls.Sweep(_now);
        }

        return Problem() ?? (_calls.HasWork ? "work was left that nobody ends" : null)
            ?? (_submitted.All(entry => entry.Call.Task.IsCompleted) ? null : "a call was never settled")
            ?? (_wire is { Served.UnansweredCount: > 0 } ? "the answering side counts what the caller does not" : null);
    }

    private void Submit(int argument)
    {
        var lengths = new[] { 0, 3, 9_000, 16_384, 16_385, 40_000, 60_001 };
        var payload = new byte[lengths[argument % lengths.Length]];
        Array.Fill(payload, (byte)_submitted.Count);
        var request = new ClusterRequest(
            new Guid(_submitted.Count + 1, 0, 0, new byte[8]), new ShardId("default", argument % 3), TimeSpan.FromMilliseconds(100 + (argument % 900)), payload);
        var call = new SingleCall(request);
        _submitted.Add((call, request));
        _calls.Submit(call, _now);
    }

    private Wire Connect()
    {
        var wire = new Wire();
        wire.Calls.Welcome(Grant);
        _calls.Connected(wire.Calls);
        return wire;
    }

    private void Lose()
    {
        if (_wire is { } wire)
        {
            Losses++;
            _calls.Lost(wire.Calls);
            _wire = null;
        }
    }

    private string? Problem()
    {
        foreach (var (call, request) in _submitted)
        {
            if (!call.Task.IsCompletedSuccessfully)
            {
                continue;
            }

            var answer = call.Task.Result;
            if (answer.Status == ClusterAnswerStatus.Done && !answer.Payload.Span.SequenceEqual(request.Payload.Span))
            {
                return "an answer is another's";
            }

            if (answer.Code is EngineErrorCode.NodeUnreachable or EngineErrorCode.Overloaded && _arrived.Contains(request.Operation))
            {
                return "it is said not to have happened, and it arrived";
            }
        }

        return _wire is { } wire && wire.Calls.UnansweredCount > Grant.RequestCountMax ? "more is unanswered than was granted" : null;
    }

    /// <summary>One connection: bytes on their way, and the answering machine behind them.</summary>
    private sealed class Wire
    {
        private readonly FrameWriter _out = new();
        private readonly FrameWriter _back = new();
        private readonly Queue<byte[]> _toServer = new();
        private readonly Queue<byte[]> _toCaller = new();
        private readonly FrameIntake _serverIntake = new(countsPayloads: true);
        private readonly FrameIntake _callerIntake = new(countsPayloads: false);
        private readonly List<ServedRequest> _running = [];
        private readonly Dictionary<ServedRequest, CancellationTokenSource> _stopped = [];

        internal OutgoingConnection Calls { get; } = new();

        internal ServedRequests Served { get; } = new(Grant);

        internal void SendOut(CallTable calls, long now)
        {
            while (calls.Fill(Calls, _out, now))
            {
                _toServer.Enqueue(_out.Finish().ToArray());
                _out.Clear();
            }
        }

        internal void Arrive(int count, long now, HashSet<Guid> arrived)
        {
            foreach (var items in Take(_toServer, _serverIntake, count))
            {
                var reader = new FrameReader(items.Span);
                while (reader.TryNext(out var item) is var reading && reading != Reading.Nothing)
                {
                    Assert.Equal(Reading.Whole, reading);
                    Serve(item, items.Slice(item.BytesStart, item.BytesLength), now, arrived);
                }
            }
        }

        /// <summary>Answers one of the requests that run: as it was asked, given up when it was stopped.</summary>
        internal void Finish(int which)
        {
            while (_running.Count > 0)
            {
                var request = _running[which % _running.Count];
                _running.Remove(request);
                Served.Answer(request, _stopped.Remove(request) ? null : ClusterAnswer.Done(request.Payload.ToArray()), _back);
                if (which != 0)
                {
                    return;
                }
            }
        }

        internal void Expire(long now)
        {
            var stops = new List<CancellationTokenSource>();
            Served.Expired(now, stops);
            stops.ForEach(stop => stop.Cancel());
            foreach (var request in _running.Where(request => request.Cancelled.IsCancellationRequested))
            {
                _stopped[request] = null!;
            }
        }

        internal void Return(int count, CallTable calls)
        {
            do
            {
                Served.WritePieces(_back);
                if (_back.Count > 0)
                {
                    _toCaller.Enqueue(_back.Finish().ToArray());
                    _back.Clear();
                }
            }
            while (Served.InPiecesBytes > 0);

            foreach (var items in Take(_toCaller, _callerIntake, count))
            {
                var reader = new FrameReader(items.Span);
                while (reader.TryNext(out var item) is var reading && reading != Reading.Nothing)
                {
                    Assert.Equal(Reading.Whole, reading);
                    var bytes = items.Slice(item.BytesStart, item.BytesLength);
                    if (item.Kind == ItemKind.Answer)
                    {
                        Calls.Answer(item, bytes);
                    }
                    else
                    {
                        Calls.Piece(item, bytes.Span);
                    }
                }
            }

            Assert.True(calls.WaitingCount <= 24 + Grant.RequestCountMax);
        }

        private void Serve(in LinkItem item, ReadOnlyMemory<byte> bytes, long now, HashSet<Guid> arrived)
        {
            switch (item.Kind)
            {
                case ItemKind.Request:
                    arrived.Add(item.Operation);
                    Begin(Served.Accept(item, _serverIntake.Block, bytes, now));
                    break;
                case ItemKind.Piece:
                    Begin(Served.Piece(item, bytes.Span));
                    break;
                default:
                    Served.Cancel(item.Correlation, _back)?.Cancel();
                    foreach (var request in _running.Where(request => request.Cancelled.IsCancellationRequested))
                    {
                        _stopped[request] = null!;
                    }

                    break;
            }
        }

        private void Begin(ServedRequest? request)
        {
            if (request is not null)
            {
                request.IsRunning = true;
                _running.Add(request);
            }
        }

        // Pieces of any length: a stream knows no borders.
        private static List<ReadOnlyMemory<byte>> Take(Queue<byte[]> wire, FrameIntake intake, int count)
        {
            var frames = new List<ReadOnlyMemory<byte>>();
            for (var turn = 0; turn <= count % 7 && wire.TryPeek(out var bytes); turn++)
            {
                var taken = count == int.MaxValue ? bytes.Length : Math.Min(bytes.Length, 1 + (count % 30_011));
                var rest = bytes.AsMemory(0, taken);
                while (!rest.IsEmpty)
                {
                    var room = intake.Room();
                    var length = Math.Min(room.Length, rest.Length);
                    rest[..length].CopyTo(room);
                    intake.Advance(length);
                    rest = rest[length..];
                    while (intake.TryTake(out var items) is var reading && reading != Reading.Nothing)
                    {
                        Assert.Equal(Reading.Whole, reading);
                        frames.Add(items.ToArray());
                    }
                }

                wire.Dequeue();
                if (taken < bytes.Length)
                {
                    var left = wire.ToArray();
                    wire.Clear();
                    wire.Enqueue(bytes[taken..]);
                    left.ToList().ForEach(wire.Enqueue);
                }
            }

            return frames;
        }
    }
}

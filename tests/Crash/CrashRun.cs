using System.Diagnostics;
using System.Threading.Channels;

namespace Kyberium.Crash;

/// <summary>What a run came to.</summary>
/// <param name="Hits">Kills by step and phase.</param>
internal sealed record CrashReport(
    int Kills, IReadOnlyDictionary<(StepKind Kind, StepPhase Phase), int> Hits, int Sent, int Received, int Duplicates, int HandedOverAgain,
    IReadOnlyList<string> Problems, TimeSpan Elapsed)
{
    internal int HitsOf(StepKind kind) => Hits.Where(hit => hit.Key.Kind == kind).Sum(hit => hit.Value);
}

/// <summary>Two nodes with durable traffic both ways; each life of each ends by kill -9 at a step chosen before.</summary>
internal sealed class CrashRun(string folder, int kills, int seed, TextWriter log)
{
    private const int Window = 48;
    private static readonly string[] Names = ["alice", "bob"];
    private static readonly TimeSpan StandstillMax = TimeSpan.FromSeconds(60);
    private static readonly StepKind[] Kinds = Enum.GetValues<StepKind>();

    private readonly Channel<(NodeProcess, NodeEvent)> _events = Channel.CreateUnbounded<(NodeProcess, NodeEvent)>();
    private readonly MessageStream[] _streams = [new(Names[0], Names[1], seed), new(Names[1], Names[0], ~seed)];
    private readonly NodeProcess[] _nodes = new NodeProcess[2];
    private readonly NodeEvent?[] _ready = new NodeEvent?[2];
    private readonly bool[] _isUp = new bool[2];
    private readonly bool[] _isPinned = new bool[2];
    private readonly Dictionary<(StepKind, StepPhase), int> _hits = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private int _lives;
    private int _killed;

    internal async Task<CrashReport> RunAsync()
    {
        try
        {
            await MeetAsync();
            while (_killed < kills || !Array.TrueForAll(_streams, stream => stream.Received == stream.HandedOver))
            {
                await TakeAsync();
                if (_streams.SelectMany(stream => stream.Problems).Any())
                {
                    break;
                }
            }

            await Task.WhenAll(_nodes.Select(node => node.StopAsync()));
        }
        catch
        {
            await Task.WhenAll(_nodes.Select(node => node.KillAsync()));
            throw;
        }

        return new CrashReport(
            _killed, _hits, _streams.Sum(stream => stream.HandedOver), _streams.Sum(stream => stream.Received),
            _streams.Sum(stream => stream.Duplicates), _streams.Sum(stream => stream.HandedOverAgain),
            [.. _streams.SelectMany(stream => stream.Problems)], _clock.Elapsed);
    }

    private async Task MeetAsync()
    {
        for (var index = 0; index < 2; index++)
        {
            Start(index, "http://127.0.0.1:0", aim: null);
        }

        while (!Array.TrueForAll(_isUp, up => up))
        {
            await TakeAsync();
        }

        for (var index = 0; index < 2; index++)
        {
            var other = _ready[1 - index]!;
            await _nodes[index].TellAsync(new NodeRequest("pin", Document: other.Document, Address: other.Address));
        }

        while (!Array.TrueForAll(_isPinned, pinned => pinned))
        {
            await TakeAsync();
        }

        // From here on every life has an aim.
        for (var index = 0; index < 2; index++)
        {
            await _nodes[index].StopAsync();
            _isUp[index] = false;
            Start(index, _ready[index]!.Address!, NextAim());
        }
    }

    private async Task TakeAsync()
    {
        NodeProcess from;
        NodeEvent what;
        try
        {
            (from, what) = await _events.Reader.ReadAsync().AsTask().WaitAsync(StandstillMax);
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException(
                $"nothing moved for {StandstillMax.TotalSeconds} s after {_killed} kills; aims {_nodes[0].Aim} and {_nodes[1].Aim}; "
                + $"received {_streams[0].Received} of {_streams[0].HandedOver} and {_streams[1].Received} of {_streams[1].HandedOver}");
        }

        await HandleAsync(from, what);
    }

    private async Task HandleAsync(NodeProcess from, NodeEvent what)
    {
        var index = from.Index;
        switch (what.What)
        {
            case "ready":
                _ready[index] = what;
                _isUp[index] = true;
                foreach (var request in _streams[index].Again())
                {
                    await from.TellAsync(request);
                }

                break;
            case "pinned":
                _isPinned[index] = true;
                break;
            case "sent":
                _streams[index].Sent(what.Index);
                break;
            case "received":
                _streams[1 - index].Came(what);
                break;
            case "step":
                await KillAsync(from);
                break;
            case "failed" when ReferenceEquals(_nodes[index], from):
                throw new InvalidOperationException($"{Names[index]}, aim {from.Aim}: {what.Detail}");
            default:
                break;
        }

        await HandOverAsync();
    }

    private async Task HandOverAsync()
    {
        if (_killed >= kills || !Array.TrueForAll(_isPinned, pinned => pinned))
        {
            return;
        }

        for (var index = 0; index < 2; index++)
        {
            if (_isUp[index])
            {
                foreach (var request in _streams[index].Next(Window))
                {
                    await _nodes[index].TellAsync(request);
                }
            }
        }
    }

    private async Task KillAsync(NodeProcess node)
    {
        await node.KillAsync();
        _isUp[node.Index] = false;
        var aim = node.Aim!.Value;
        if (_killed < kills)        // one that comes when enough were made is a kill all the same, but not of the count
        {
            _killed++;
            _hits[(aim.Kind, aim.Phase)] = _hits.GetValueOrDefault((aim.Kind, aim.Phase)) + 1;
            log.WriteLine(
                $"{_clock.Elapsed.TotalSeconds,7:0.0} s  kill {_killed,4}: {Names[node.Index],-5} {aim.Phase,-6} {aim.Kind} {aim.Skip + 1}; "
                + $"{_streams.Sum(stream => stream.Received)} received");
        }

        Start(node.Index, _ready[node.Index]!.Address!, _killed < kills ? NextAim() : null);
    }

    private StepAim NextAim()
    {
        var life = _lives++;
        var kind = Kinds[life % Kinds.Length];
        // Each step meets each phase; how many pass first varies with the round.
        var round = life / Kinds.Length;
        return new StepAim(kind, (StepPhase)(round % 3), kind == StepKind.Append ? (round * 7) % 40 : round % 3);
    }

    private void Start(int index, string listen, StepAim? aim) => _nodes[index] = NodeProcess.Start(
        index, Path.Combine(folder, Names[index]), listen, Names[1 - index], aim, _events.Writer);
}

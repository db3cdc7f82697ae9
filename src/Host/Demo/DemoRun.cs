using System.Diagnostics;
using System.Threading.Channels;
using Kyberium.Engine;

namespace Kyberium.Host.Demo;

/// <summary>One run of the demo: two processes, a text both ways, kills in the middle, and the account of it.</summary>
internal sealed class DemoRun : IAsyncDisposable
{
    private const int WindowMax = 512;
    private const string AnyPort = "http://127.0.0.1:0";
    private static readonly TimeSpan StandstillMax = TimeSpan.FromSeconds(60);

    private readonly Channel<(DemoProcess From, DemoEvent What)> _events = Channel.CreateUnbounded<(DemoProcess, DemoEvent)>();
    private readonly DemoText _text;
    private readonly DemoProgress _progress;
    private readonly string _folder;
    private readonly int _kills;
    private readonly DemoDirection[] _directions;
    private readonly DemoProcess?[] _processes = new DemoProcess?[2];
    private readonly DemoEvent[] _ready = new DemoEvent[2];
    private readonly bool[] _isUp = new bool[2];
    private readonly List<double> _recoveries = [];
    private long _envelopes;
    private int _killed;

    internal DemoRun(DemoText text, string folder, int kills, DemoProgress progress)
    {
        _text = text;
        _folder = folder;
        _kills = kills;
        _progress = progress;
        _directions = [new DemoDirection(text, Names[0], Names[1]), new DemoDirection(text, Names[1], Names[0])];
    }

    internal static IReadOnlyList<string> Names { get; } = ["alice", "bob"];

    /// <exception cref="EngineException">A node reported a failure, ended by itself, or nothing moved for a minute.</exception>
    internal async Task<DemoReport> RunAsync(CancellationToken stopping)
    {
        var handshake = await MeetAsync(stopping).ConfigureAwait(false);
        var began = Stopwatch.GetTimestamp();
        await HandOverAsync().ConfigureAwait(false);
        while (!_directions.All(direction => direction.IsComplete || direction.Problem is not null) || !Array.TrueForAll(_isUp, up => up))
        {
            var (from, what) = await NextAsync(stopping).ConfigureAwait(false);
            if (Take(from, what) is { } index)
            {
                await RepeatAsync(index, what).ConfigureAwait(false);
            }

            if (IsKillDue())
            {
                await KillAsync().ConfigureAwait(false);
            }

            await HandOverAsync().ConfigureAwait(false);
            _progress.Show(Total(), 2 * _text.Lines.Count, _killed);
        }

        var elapsed = Stopwatch.GetElapsedTime(began);
        _progress.Done();
        await StopAsync().ConfigureAwait(false);
        return DemoReport.Of(_text, _directions, _killed, _recoveries, handshake, elapsed, _envelopes);
    }

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task<double> MeetAsync(CancellationToken stopping)
    {
        _progress.Say("starting two nodes: each a process, a store and a keyring of its own");
        Start(0, AnyPort);
        Start(1, AnyPort);
        while (!Array.TrueForAll(_isUp, up => up))
        {
            var (from, what) = await NextAsync(stopping).ConfigureAwait(false);
            Take(from, what);
        }

        for (var index = 0; index < 2; index++)
        {
            await _processes[index]!.TellAsync(
                new DemoRequest { Do = DemoRequest.Pin, Document = _ready[1 - index].Document, Address = _ready[1 - index].Address })
                .ConfigureAwait(false);
            await ExpectAsync(DemoEvent.Pinned, stopping).ConfigureAwait(false);
        }

        await _processes[0]!.TellAsync(new DemoRequest { Do = DemoRequest.Connect }).ConfigureAwait(false);
        var connected = await ExpectAsync(DemoEvent.Connected, stopping).ConfigureAwait(false);
        _progress.Say(
            $"both pinned each other's identity and made a session in {connected.Millis:0} ms; "
            + $"sending {_text.Lines.Count:N0} lines each way, killing a node {_kills} times");
        return connected.Millis;
    }

    private async Task<DemoEvent> ExpectAsync(string expected, CancellationToken stopping)
    {
        while (true)
        {
            var (from, what) = await NextAsync(stopping).ConfigureAwait(false);
            Take(from, what);
            if (what.What == expected)
            {
                return what;
            }
        }
    }

    private async Task<(DemoProcess From, DemoEvent What)> NextAsync(CancellationToken stopping)
    {
        try
        {
            return await _events.Reader.ReadAsync(stopping).AsTask().WaitAsync(StandstillMax, stopping).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw DemoErrors.Standstill(StandstillMax, _folder);
        }
    }

    /// <summary>Takes note of what a node said. Gives the node's index when it has just come back.</summary>
    private int? Take(DemoProcess from, DemoEvent what)
    {
        var index = from.Name == Names[0] ? 0 : 1;
        switch (what.What)
        {
            case DemoEvent.Ready:
                var isBack = _ready[index] is not null;
                _ready[index] = what;
                _isUp[index] = true;
                return isBack ? index : null;
            case DemoEvent.Sent:
                _directions[index].Sent(what.Index);
                return null;
            case DemoEvent.Received:
                _directions[1 - index].Came(what);
                return null;
            case DemoEvent.Failed:
                throw DemoErrors.NodeFailed(from.Name, what.Detail ?? string.Empty);
            case DemoEvent.Ended when !from.IsEnding:
                throw DemoErrors.NodeEnded(from.Name, what.Detail ?? string.Empty);
            default:
                return null;
        }
    }

    /// <summary>A node is back: what its killed life did not confirm is handed over once more, in the same order.</summary>
    private async Task RepeatAsync(int index, DemoEvent ready)
    {
        _recoveries.Add(ready.Millis);
        _progress.Say($"{Names[index]} is back after {ready.Millis:0} ms of recovery");
        foreach (var request in _directions[index].Open().ToList())
        {
            await _processes[index]!.TellAsync(request).ConfigureAwait(false);
        }
    }

    private async Task HandOverAsync()
    {
        for (var index = 0; index < 2; index++)
        {
            var direction = _directions[index];
            if (!_isUp[index] || direction.Problem is not null)
            {
                continue;
            }

            // Not beyond the next kill by more than half of what lies between two: so every kill hits traffic.
            var between = _text.Lines.Count / (_kills + 1.0);
            var window = Math.Clamp((int)(between / 2), 1, WindowMax);
            var beforeKill = _killed == _kills ? _text.Lines.Count : (int)Math.Ceiling((_killed + 1) * between) + window;
            foreach (var request in direction.Next(Math.Min(direction.Received + window, beforeKill)))
            {
                await _processes[index]!.TellAsync(request).ConfigureAwait(false);
            }
        }
    }

    private int Total() => _directions.Sum(direction => direction.Received);

    private bool IsKillDue() =>
        _killed < _kills && Array.TrueForAll(_isUp, up => up) && Total() >= (_killed + 1) * 2.0 * _text.Lines.Count / (_kills + 1);

    private async Task KillAsync()
    {
        var index = _killed % 2;
        _isUp[index] = false;
        _killed++;
        var process = _processes[index]!;
        await process.KillAsync().ConfigureAwait(false);
        _envelopes += process.Envelopes;
        await process.DisposeAsync().ConfigureAwait(false);
        _progress.Say($"killed {Names[index]} with SIGKILL ({_killed} of {_kills}) after {Total():N0} messages; starting it again");
        Start(index, _ready[index].Address!);
    }

    private void Start(int index, string listen) => _processes[index] = DemoProcess.Start(
        Names[index], Path.Combine(_folder, Names[index]), listen, Names[1 - index], _events.Writer);

    private async Task StopAsync()
    {
        for (var index = 0; index < 2; index++)
        {
            if (_processes[index] is { } process)
            {
                _processes[index] = null;
                await process.DisposeAsync().ConfigureAwait(false);
                _envelopes += process.Envelopes;
            }
        }
    }
}

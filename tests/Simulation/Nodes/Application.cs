using Kyberium.Engine;
using Kyberium.Engine.Wire;
using Kyberium.Simulation.Checkers;
using Kyberium.Simulation.Network;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <summary>What uses the engines: sends, receives, seals, opens, rekeys, closes, looks. It tells the checkers what it saw.</summary>
internal sealed partial class Application(
    SimulatedWorld world, SimulatedNetwork network, FrameChecker frames, Ledgers ledgers)
{
    private const int PayloadMax = 700;
    private const int KeptMax = 300;
    private const int RepeatedMax = 12;
    private const string Receiving = "receive";

    private readonly SeededChoices _choices = SeededChoices.For(world.Seed, "application");
    private readonly List<(SimulatedNode To, byte[] Envelope)> _kept = [];
    private readonly HashSet<ReceivedMessageId> _rejected = [];
    private readonly Dictionary<(string Node, string Peer), long> _asked = [];
    private readonly HashSet<(string Node, string Peer)> _suspended = [];
    private readonly SortedDictionary<string, List<(string To, Guid Operation)>> _unfinished = new(StringComparer.Ordinal);
    private readonly List<(SimulatedProcess Process, string What, long Since)> _running = [];
    private readonly Dictionary<Guid, TimeSpan> _expiries = [];
    private long _asks;

    /// <summary>Gets or sets whether handlers are slow and sometimes fail.</summary>
    internal bool IsTroubled { get; set; }

    /// <summary>Gets or sets whether what is received reaches the checkers changed: a test breaks it on purpose.</summary>
    internal bool Corrupts { get; set; }

    /// <summary>Gets or sets whether an open is told to the checkers twice: a test breaks it on purpose.</summary>
    internal bool CountsOpensTwice { get; set; }

    /// <summary>Takes up an engine that has started: looks at every peer, repeats sends whose outcome a crash hid, and receives.</summary>
    internal void Begin(SimulatedNode node, SimulatedProcess process, SessionEngine engine, IReadOnlyList<SimulatedNode> others)
    {
        foreach (var other in others)
        {
            Look(node, other);
        }

        // Whoever listened tries a new process with what an earlier one has opened.
        foreach (var (to, envelope) in _kept.Where(kept => kept.To == node).TakeLast(RepeatedMax).ToList())
        {
            Open(to, envelope);
        }

        Run(process, Receiving, () => ReceiveAsync(node, process, engine));
        if (_unfinished.Remove(node.Name, out var unfinished))
        {
            foreach (var (to, operation) in unfinished)
            {
                Send(node, others.First(other => other.Name == to), operation);
            }
        }
    }

    /// <summary>Gets or sets whether operators may have taken a peer away, or a node its store, so that what was known may be unknown.</summary>
    internal bool PeersComeAndGo { get; set; }

    /// <summary>Lets a process whose store another has taken over do what it would have done: nothing of it may count that is not durable.</summary>
    internal void Haunt(SimulatedNode node, SimulatedProcess process, SessionEngine engine, IReadOnlyList<SimulatedNode> others)
    {
        foreach (var other in others)
        {
            var ledger = ledgers.Of(node.Name, other.Name);
            var operation = NewOperation();
            var payload = ledger.Compose(operation, _choices, PayloadMax);
            Run(process, $"send {payload.Length} bytes to {other.Name}, deposed", async () =>
            {
                var sent = await engine.SendAsync(other.PeerId, payload, new SendOptions(operation)).ConfigureAwait(false);
                if (process.IsAlive)
                {
                    world.Note(process.Name, $"accepted {sent.Number} for {other.Name}, deposed");
                    ledger.Accepted(sent);
                }
            });
            Run(process, "checkpoint, deposed", () => engine.CheckpointAsync());
        }

        foreach (var (_, envelope) in _kept.Where(kept => kept.To == node).TakeLast(RepeatedMax).ToList())
        {
            Open(node, process, engine, envelope, null);
        }
    }

    internal void Send(SimulatedNode node, SimulatedNode peer) => Send(node, peer, NewOperation());

    /// <summary>Sends a message that need not come any more after some time.</summary>
    internal void SendExpiring(SimulatedNode node, SimulatedNode peer, TimeSpan after) => Send(node, peer, NewOperation(), after);

    /// <summary>A node that lost everything repeats nothing.</summary>
    internal void ForgetUnfinished(SimulatedNode node) => _unfinished.Remove(node.Name);

    /// <summary>Gets whether a suspension was asked for since the peer was last asked to go on.</summary>
    internal bool MayBeSuspended(SimulatedNode node, SimulatedNode peer) => _asked.ContainsKey((node.Name, peer.Name));

    /// <summary>Forgets what a node's own stores forgot: who was suspended, and what was left to be repeated.</summary>
    internal void Forget(SimulatedNode node, SimulatedNode? peer = null)
    {
        foreach (var pair in _asked.Keys.Union(_suspended).Where(pair => pair.Node == node.Name && (peer is null || pair.Peer == peer.Name)).ToList())
        {
            _asked.Remove(pair);
            _suspended.Remove(pair);
        }
    }

    /// <summary>Seals a volatile payload, and lets the network carry the envelope to the peer.</summary>
    internal void Seal(SimulatedNode node, SimulatedNode peer, Action? opened = null) => Do(node, $"seal {peer.Name}", async (process, engine) =>
    {
        var filler = new byte[_choices.Below(PayloadMax)];
        _choices.Fill(filler);
        byte[] payload = [.. SecretScan.Planted, .. filler];
        var envelope = await engine.SealAsync(peer.PeerId, payload).ConfigureAwait(false);
        if (!process.IsAlive)
        {
            return;
        }

        frames.Sent(process.Name, envelope);
        ledgers.Volatile.Sealed(node.Name, peer.Name, envelope, payload);
        world.Note(process.Name, $"sealed {FrameChecker.Describe(envelope)} for {peer.Name}", envelope);
        if (_kept.Count < KeptMax)
        {
            _kept.Add((peer, envelope));
        }
        else
        {
            _kept[_choices.Below(KeptMax)] = (peer, envelope);
        }

        for (var copies = network.IsLost(node.Name, peer.Name) ? 0 : network.Copies(); copies > 0; copies--)
        {
            var arriving = network.Mistreat(envelope);
            world.After(null, network.Latency(), () => Open(peer, arriving, opened));
        }
    });

    /// <summary>Opens an envelope that was sealed some time ago, opened or not.</summary>
    internal void OpenAgain()
    {
        if (_kept.Count > 0)
        {
            var (to, envelope) = _choices.Pick(_kept);
            Open(to, envelope);
        }
    }

    /// <summary>Opens an envelope as if a peer of a newer version had sent it: it is refused with the code that says so.</summary>
    internal void OpenNewerVersion()
    {
        if (_kept.Count > 0)
        {
            var (to, envelope) = _choices.Pick(_kept);
            Open(to, network.InNewerVersion(envelope));
        }
    }

    internal void Connect(SimulatedNode node, SimulatedNode peer) =>
        Do(node, $"connect {peer.Name}", (_, engine) => engine.ConnectAsync(peer.PeerId));

    internal void Rekey(SimulatedNode node, SimulatedNode peer) =>
        Do(node, $"rekey {peer.Name}", (_, engine) => engine.RekeyAsync(peer.PeerId));

    internal void Close(SimulatedNode node, SimulatedNode peer) =>
        Do(node, $"close {peer.Name}", (_, engine) => engine.CloseAsync(peer.PeerId));

    internal void Checkpoint(SimulatedNode node) => Do(node, "checkpoint", async (process, engine) =>
    {
        await engine.CheckpointAsync().ConfigureAwait(false);
        node.Checkpointed(process);
    });

    /// <summary>Suspends a peer; from its answer on nothing of that peer may open, unless it was asked to resume meanwhile.</summary>
    internal void Suspend(SimulatedNode node, SimulatedNode peer) => Do(node, $"suspend {peer.Name}", async (process, engine) =>
    {
        var (pair, ask) = ((node.Name, peer.Name), ++_asks);
        _asked[pair] = ask;
        await engine.SuspendPeerAsync(peer.PeerId).ConfigureAwait(false);
        if (process.IsAlive && _asked.GetValueOrDefault(pair) == ask)
        {
            _suspended.Add(pair);
        }
    });

    /// <summary>Resumes every peer that was suspended, or may have been when a crash hid the answer.</summary>
    internal void ResumeSome(SimulatedNode node, IEnumerable<SimulatedNode> peers)
    {
        foreach (var peer in peers.Where(peer => _asked.ContainsKey((node.Name, peer.Name))))
        {
            var (pair, ask) = ((node.Name, peer.Name), ++_asks);
            Do(node, $"resume {peer.Name}", async (process, engine) =>
            {
                _asked[pair] = ask;
                _suspended.Remove(pair);
                await engine.ResumePeerAsync(peer.PeerId).ConfigureAwait(false);
                if (process.IsAlive && _asked.GetValueOrDefault(pair) == ask)
                {
                    _asked.Remove(pair);
                }
            });
        }
    }

    /// <summary>Asks an engine what it knows of a peer, and tells the checkers of both directions.</summary>
    internal void Look(SimulatedNode node, SimulatedNode peer)
    {
        var incoming = ledgers.Of(peer.Name, node.Name);
        var (acknowledged, era, outgoingEra) = (incoming.AcknowledgedThrough, incoming.Era, ledgers.Of(node.Name, peer.Name).Era);
        Do(node, null, async (process, engine) =>
        {
            var info = await engine.GetPeerAsync(peer.PeerId).ConfigureAwait(false);
            if (process.IsAlive && process == node.Process)     // what a deposed owner shows may be older than what is known
            {
                ledgers.Of(node.Name, peer.Name).SenderShowed(info, outgoingEra);
                incoming.ReceiverShowed(info, acknowledged, era);
                ledgers.Bounds.Showed(process.Name, info);
                ledgers.Showed[(node.Name, peer.Name)] = info;
            }
        });
    }

    /// <summary>Tells which commands of processes that live have gone without an end for longer than any wait of the engine's.</summary>
    internal IEnumerable<string> Endless(long micros) => _running
        .Where(command => command.Process.IsAlive && world.Now - command.Since > micros)
        .Select(command => $"{command.Process.Name}: {command.What} since {command.Since / 1_000_000} s");

    internal bool IsExpected(EngineException failure) => failure.IsTransient || failure.Code is
        EngineErrorCode.PeerUnreachable or EngineErrorCode.EngineStopped or EngineErrorCode.SessionMissing or EngineErrorCode.PeerSuspended
        || (PeersComeAndGo && failure.Code is EngineErrorCode.PeerUnknown);

    internal Guid NewOperation()
    {
        Span<byte> bytes = stackalloc byte[16];
        _choices.Fill(bytes);
        return new Guid(bytes);
    }

    private void Send(SimulatedNode node, SimulatedNode peer, Guid operation, TimeSpan? expiresAfter = null)
    {
        if (!node.IsUp)
        {
            return;
        }

        var ledger = ledgers.Of(node.Name, peer.Name);
        var payload = ledger.Compose(operation, _choices, PayloadMax);
        if (!_unfinished.TryGetValue(node.Name, out var unfinished))
        {
            _unfinished[node.Name] = unfinished = [];
        }

        unfinished.Add((peer.Name, operation));
        if (expiresAfter is { } chosen)
        {
            _expiries[operation] = chosen;
        }

        expiresAfter = _expiries.TryGetValue(operation, out var first) ? first : null;     // a repeat is the same call
        Do(node, $"send {payload.Length} bytes to {peer.Name}", async (process, engine) =>
        {
            if (expiresAfter is { } after)
            {
                ledger.Expires(operation, node.WallMicros + (long)after.TotalMicroseconds);
            }

            var sent = await engine.SendAsync(peer.PeerId, payload, new SendOptions(operation, expiresAfter)).ConfigureAwait(false);
            if (process.IsAlive)
            {
                unfinished.Remove((peer.Name, operation));
                ledger.Accepted(sent);
                world.Note(process.Name, $"accepted {sent.Number} for {peer.Name}");
            }
        });
    }

    private void Open(SimulatedNode node, byte[] envelope, Action? opened = null)
    {
        if (node.Process is { IsAlive: true } process && node.Engine is { } engine)
        {
            Open(node, process, engine, envelope, opened);
        }
    }

    private void Open(SimulatedNode node, SimulatedProcess process, SessionEngine engine, byte[] envelope, Action? opened) =>
        Run(process, null, async () =>
        {
            var suspended = _suspended.Where(pair => pair.Node == node.Name).ToHashSet();
            try
            {
                var payload = await engine.OpenAsync(envelope).ConfigureAwait(false);
                if (process.IsAlive)
                {
                    world.Note(process.Name, $"opened {FrameChecker.Describe(envelope)}");
                    // What its successor was told, a deposed owner cannot know.
                    if (process == node.Process && suspended.Contains((node.Name, payload.Peer.Value)))
                    {
                        world.Violate("a suspended peer is shut out", $"{process.Name} opened an envelope of {payload.Peer}");
                    }

                    ledgers.Volatile.Opened(node.Name, payload.Peer.Value, envelope, payload.Payload.Span);
                    if (CountsOpensTwice)
                    {
                        ledgers.Volatile.Opened(node.Name, payload.Peer.Value, envelope, payload.Payload.Span);
                    }

                    opened?.Invoke();
                }
            }
            catch (EngineException refused) when (
                envelope[0] != EnvelopeHeader.Version ? refused.Code == EngineErrorCode.EnvelopeVersionUnsupported
                : (int)refused.Code / 1_000 == 2 || refused.Code is EngineErrorCode.PeerUnknown or EngineErrorCode.RequestInvalid)
            {
                if (process.IsAlive)
                {
                    world.Note(process.Name, $"refused {FrameChecker.Describe(envelope)}");
                }
            }
        });

    private async Task ReceiveAsync(SimulatedNode node, SimulatedProcess process, SessionEngine engine)
    {
        await foreach (var message in engine.ReceiveAsync().ConfigureAwait(false))
        {
            if (!process.IsAlive)
            {
                return;
            }

            world.Note(process.Name, $"received {message.Id.Number} of {message.Id.Peer}", message.Payload.Span);
            ledgers.Of(message.Id.Peer.Value, node.Name).Received(
                Corrupts ? message with { Payload = new byte[message.Payload.Length] } : message, byDeposed: process != node.Process);
            world.After(process, IsTroubled ? _choices.Between(0, 2_000_000) : 1_000, () => Run(
                process, null, () => HandleAsync(node, process, engine, message.Id)));
        }
    }

    private async Task HandleAsync(SimulatedNode node, SimulatedProcess process, SessionEngine engine, ReceivedMessageId id)
    {
        var ledger = ledgers.Of(id.Peer.Value, node.Name);
        var again = ledger.WasAcknowledging(id) || PeersComeAndGo;
        try
        {
            if (IsTroubled && _choices.Chance(0.1) && _rejected.Add(id))
            {
                await engine.RejectAsync(id).ConfigureAwait(false);
                return;
            }

            ledger.Acknowledging(id);
            await engine.AcknowledgeAsync(id).ConfigureAwait(false);
        }
        catch (EngineException failure) when (again && failure.Code is EngineErrorCode.MessageUnknown or EngineErrorCode.PeerUnknown)
        {
            // An earlier acknowledgement was durable, and its answer was lost; or the peer was removed, and all of it.
        }
        catch (EngineException failure) when (IsExpected(failure))
        {
            world.After(process, 200_000, () => Run(process, null, () => HandleAsync(node, process, engine, id)));
            return;
        }

        if (process.IsAlive)
        {
            world.Note(process.Name, $"handled {id.Number} of {id.Peer}");
            ledger.Handled(id);
        }
    }

    internal void Do(SimulatedNode node, string? what, Func<SimulatedProcess, SessionEngine, Task> act)
    {
        if (node.Process is { IsAlive: true } process && node.Engine is { } engine)
        {
            Run(process, what, () => act(process, engine));
        }
    }

    /// <summary>Runs a command as a step of the process; it may fail with the codes that say that it may be repeated.</summary>
    internal void Run(SimulatedProcess process, string? what, Func<Task> act)
    {
        world.Post(process, () => _ = RunAsync());

        async Task RunAsync()
        {
            if (what is not null)
            {
                world.Note(process.Name, what);
            }

            var running = (process, what ?? string.Empty, world.Now);
            if (what is not null and not Receiving)
            {
                _running.Add(running);
            }

            try
            {
                await act().ConfigureAwait(false);
            }
            catch (EngineException failure) when (IsExpected(failure))
            {
                frames.Secrets.LookThrough($"an exception of {process.Name}", failure.Message);
                if (process.IsAlive && what is not null)
                {
                    world.Note(process.Name, $"{what}: {failure.Code}");
                }
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                if (process.IsAlive && !process.Explains(exception))
                {
                    world.Violate("commands fail with codes that tell what to do", $"{process.Name}, {what}: {exception}");
                }
            }
            finally
            {
                _running.Remove(running);
            }
        }
    }
}

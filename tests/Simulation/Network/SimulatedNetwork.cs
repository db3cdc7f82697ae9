using Kyberium.Engine;
using Kyberium.Engine.Wire;
using Kyberium.Simulation.Checkers;
using Kyberium.Simulation.Nodes;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Network;

/// <summary>Carries envelopes between nodes and mistreats them: loses, repeats, delays, reorders, changes them, cuts nodes off.</summary>
internal sealed class SimulatedNetwork(SimulatedWorld world, Scenario scenario, FrameChecker frames)
{
    private const string Scheme = "sim://";
    private const int KeptMax = 2_000;
    private const long LateMicrosMax = 120_000_000;

    private readonly SeededChoices _choices = SeededChoices.For(world.Seed, "network");
    private readonly Dictionary<string, SimulatedNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<(string From, string To), int> _cuts = [];
    private readonly List<(string From, string To, byte[] Envelope)> _kept = [];

    /// <summary>Gets or sets whether anything goes wrong.</summary>
    internal bool IsFaulty { get; set; }

    internal static string AddressOf(string node) => Scheme + node;

    internal void Add(SimulatedNode node) => _nodes[node.Name] = node;

    internal void Heal() => _cuts.Clear();

    /// <summary>Cuts one direction between two nodes, or both, for a while.</summary>
    internal void Cut(string from, string to, bool both, long micros)
    {
        Cut(1);
        world.Note("network", $"cut {from} {(both ? "<>" : ">")} {to}");
        world.After(null, micros, () =>
        {
            Cut(-1);
            world.Note("network", $"joined {from} {to}");
        });

        // Cuts may overlap: the last to end joins.
        void Cut(int change)
        {
            _cuts[(from, to)] = _cuts.GetValueOrDefault((from, to)) + change;
            if (both)
            {
                _cuts[(to, from)] = _cuts.GetValueOrDefault((to, from)) + change;
            }
        }
    }

    /// <summary>Cuts two nodes off and joins them again, over and over.</summary>
    internal void Flap(string from, string to, bool both, long periodMicros, int times)
    {
        for (var time = 0; time < times; time++)
        {
            world.After(null, time * periodMicros, () => Cut(from, to, both, periodMicros / 2));
        }
    }

    /// <summary>Sends what was on the wire before as a version that nobody speaks yet.</summary>
    internal void SendNewerVersion()
    {
        if (_kept.Count > 0)
        {
            var (from, to, envelope) = _choices.Pick(_kept);
            Deliver(from, to, InNewerVersion(envelope), [], "arrives in a newer version");
        }
    }

    /// <summary>Gives an envelope as one of a newer version.</summary>
    internal byte[] InNewerVersion(byte[] envelope) => [(byte)_choices.Between(EnvelopeHeader.Version + 1, byte.MaxValue), .. envelope[1..]];

    /// <summary>Sends something that was on the wire long ago once more.</summary>
    internal void Replay()
    {
        if (_kept.Count > 0)
        {
            var (from, to, envelope) = _choices.Pick(_kept);
            Deliver(from, to, envelope, [], "replayed");
        }
    }

    internal IPeerLink Connect(SimulatedNode node, SimulatedProcess process) => new Link(this, node, process);

    internal bool IsLost(string from, string to) =>
        IsFaulty && (IsCut(from, to) || (scenario.Has(Faults.Loss) && _choices.Chance(scenario.Loss)));

    internal long Latency() => _choices.Between(50, IsFaulty ? scenario.LatencyMicrosMax : 5_000);

    /// <summary>Gives how often something arrives.</summary>
    internal int Copies() => IsFaulty && scenario.Has(Faults.Duplication) && _choices.Chance(scenario.Duplication) ? 2 : 1;

    /// <summary>Gives the bytes that arrive: mostly the same.</summary>
    internal byte[] Mistreat(ReadOnlyMemory<byte> envelope)
    {
        var bytes = envelope.ToArray();
        if (IsFaulty && scenario.Has(Faults.Mutation) && _choices.Chance(scenario.Mutation))
        {
            bytes[_choices.Below(bytes.Length)] ^= (byte)(1 << _choices.Below(8));
        }

        return bytes;
    }

    private bool IsCut(string from, string to) => _cuts.GetValueOrDefault((from, to)) > 0;

    private static string NodeAt(string address) => address[Scheme.Length..];

    private ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
        SimulatedNode from, SimulatedProcess process, string to, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<IReadOnlyList<ReadOnlyMemory<byte>>>(TaskCreationOptions.None);
        var replies = new List<ReadOnlyMemory<byte>>();
        long slowest = 0;
        foreach (var envelope in envelopes)
        {
            if (!process.Effect())
            {
                return new(done.Task);      // the process died between two of them: nothing goes on
            }

            frames.Sent(process.Name, envelope.Span);
            world.Note(process.Name, $"sends {FrameChecker.Describe(envelope.Span)} to {to}", envelope.Span);
            Keep(from.Name, to, envelope);
            for (var copies = IsLost(from.Name, to) ? 0 : Copies(); copies > 0; copies--)
            {
                var wait = Latency();
                slowest = Math.Max(slowest, wait);
                var arriving = Mistreat(envelope);
                world.After(null, wait, () => Deliver(from.Name, to, arriving, replies, "arrives"));
            }

            if (IsFaulty && scenario.Has(Faults.Duplication) && _choices.Chance(scenario.Duplication / 4))
            {
                var late = envelope.ToArray();
                world.After(null, _choices.Between(0, LateMicrosMax), () => Deliver(from.Name, to, late, [], "arrives late"));
            }
        }

        if (IsFaulty && IsCut(from.Name, to) && _choices.Chance(0.5))
        {
            // A connection that hangs: the engine gives up by its own time-out.
            cancellationToken.Register(() => done.TrySetCanceled(cancellationToken));
            return new(done.Task);
        }

        var refused = IsFaulty && (IsCut(from.Name, to) || !_nodes[to].IsUp) && _choices.Chance(0.7);
        world.After(process, slowest + Latency(), () =>
        {
            if (refused || (IsFaulty && IsCut(to, from.Name)))      // the answer comes back the other way
            {
                done.TrySetException(new EngineException(EngineErrorCode.PeerUnreachable, $"{to} is cut off"));
            }
            else
            {
                done.TrySetResult(replies);
            }
        });
        return new(done.Task);
    }

    private void Keep(string from, string to, ReadOnlyMemory<byte> envelope)
    {
        if (_kept.Count < KeptMax)
        {
            _kept.Add((from, to, envelope.ToArray()));
        }
        else
        {
            _kept[_choices.Below(KeptMax)] = (from, to, envelope.ToArray());
        }
    }

    private void Deliver(string from, string to, byte[] envelope, List<ReadOnlyMemory<byte>> replies, string how)
    {
        var node = _nodes[to];
        if (node.Process is not { IsAlive: true } process || node.Engine is not { } engine || !process.Effect())
        {
            return;
        }

        world.Note(process.Name, $"{how}: {FrameChecker.Describe(envelope)} from {from}", envelope);
        _ = AcceptAsync();

        async Task AcceptAsync()
        {
            try
            {
                var reply = await engine.AcceptEnvelopeAsync(envelope, AddressOf(from)).ConfigureAwait(false);
                if (!reply.IsEmpty)
                {
                    if (envelope[0] != EnvelopeHeader.Version)
                    {
                        world.Violate("a version that is not spoken is refused", $"{process.Name} answered {FrameChecker.Describe(envelope)}");
                    }

                    frames.Sent(process.Name, reply.Span);
                    replies.Add(reply);
                }
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                if (process.IsAlive)
                {
                    world.Violate("nothing that arrives makes an engine throw", exception.ToString());
                }
            }
        }
    }

    private sealed class Link(SimulatedNetwork network, SimulatedNode node, SimulatedProcess process) : IPeerLink
    {
        public bool CanReach(string address) => address.StartsWith(Scheme, StringComparison.Ordinal);

        public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default) =>
            network.SendAsync(node, process, NodeAt(address), envelopes, cancellationToken);

        public ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default) => default;

        public ValueTask DisposeAsync() => default;
    }
}

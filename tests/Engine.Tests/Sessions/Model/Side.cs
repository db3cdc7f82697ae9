using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>What a step decided: facts that are not durable yet, and what happens once they are.</summary>
internal sealed record DecidedStep(IReadOnlyList<PeerEvent> Events, IReadOnlyList<SideEffect> Effects);

/// <summary>An effect in terms that do not refer to a machine's own objects.</summary>
internal abstract record SideEffect
{
    internal sealed record Send(Packet Packet) : SideEffect;

    internal sealed record Run(HandshakeTask Task) : SideEffect;

    internal sealed record Listen(ReceiverIndex Index, UInt128 Key) : SideEffect;

    internal sealed record Forget(ReceiverIndex Index, UInt128 Key, bool MayLoseRecords) : SideEffect;

    internal sealed record ListenHandshake(ReceiverIndex Index) : SideEffect;

    internal sealed record ForgetHandshake(ReceiverIndex Index) : SideEffect;

    internal sealed record Tell(PeerEffect Effect) : SideEffect;
}

/// <summary>One side: a real machine, its journal, and what its engine knows by way of effects.</summary>
internal sealed class Side
{
    internal static readonly PeerKey Key = new(new IdentityName("main"), new PeerId("other"));

    internal Side(bool isA, SideContext context)
    {
        (IsA, Context) = (isA, context);
        Entropy = new CountedEntropy(isA ? 1UL : 2UL);
        Machine = new PeerMachine(new PeerState(Key), context);
    }

    internal bool IsA { get; }

    internal string Name => IsA ? "A" : "B";

    internal SideContext Context { get; }

    internal CountedEntropy Entropy { get; }

    internal PeerMachine Machine { get; set; }

    internal PeerState State => Machine.State;

    internal MonotonicMillis Deadline { get; set; } = MonotonicMillis.Never;

    internal List<PeerEvent> Durable { get; init; } = [];

    internal List<DecidedStep> Unflushed { get; init; } = [];

    internal List<HandshakeTask> Computes { get; init; } = [];

    internal List<(ReceiverIndex Index, UInt128 Key)> Listening { get; init; } = [];

    internal List<ReceiverIndex> ListeningHandshakes { get; init; } = [];

    /// <summary>Gets the keys this side lost in a way that the rules allow: their records need not open.</summary>
    internal HashSet<UInt128> Excused { get; init; } = [];

    /// <summary>Gets or sets how many messages its application has sent.</summary>
    internal int Sent { get; set; }

    /// <summary>Gets or sets how far back at most its store may go.</summary>
    internal int RollBackFloor { get; set; }

    /// <summary>Gets what was told to the engine, for tests; not part of a state.</summary>
    internal List<PeerEffect> Told { get; init; } = [];

    internal bool Opens(ReceiverIndex index, UInt128 key) => Listening.Contains((index, key));

    internal Side Copy()
    {
        var copy = new Side(IsA, Context)
        {
            Durable = [.. Durable],
            Unflushed = [.. Unflushed],
            Computes = [.. Computes],
            Listening = [.. Listening],
            ListeningHandshakes = [.. ListeningHandshakes],
            Excused = [.. Excused],
            Deadline = Deadline,
            Sent = Sent,
            RollBackFloor = RollBackFloor,
        };
        copy.Entropy.Count = Entropy.Count;
        copy.Machine = new PeerMachine(StateCopy.Of(State), Context);
        return copy;
    }

    /// <summary>Folds facts into a state as recovery does.</summary>
    internal static PeerState Fold(IEnumerable<PeerEvent> events)
    {
        var state = new PeerState(Key);
        foreach (var fact in events)
        {
            PeerFacts.Apply(state, fact);
        }

        return state;
    }
}

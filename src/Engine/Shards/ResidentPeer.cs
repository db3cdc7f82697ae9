using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Templates;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>A peer in memory: its machine, its key at rest, and what the shard's turn keeps beside them.</summary>
/// <remarks>All but the volatile members belong to the turn.</remarks>
internal sealed class ResidentPeer : PeerContext
{
    /// <summary>How much of it every record reads, about.</summary>
    internal const int LookedAt = 152;

    private readonly ShardEnvironment _environment;
    private volatile PeerPolicy? _policy;
    private ResidentPeer? _nextInTable;

    internal ResidentPeer(ShardEnvironment environment, PeerState state, PeerHash hash, PeerVault? vault)
    {
        _environment = environment;
        State = state;
        Key = state.Key;
        if (state.Exists)
        {
            state.Policy = environment.Policies.Shared(state.Policy, environment.Settings);     // as it was, but no copy of its own
        }

        Hash = hash;
        Vault = vault;
        Machine = new PeerMachine(state, this);
    }

    /// <summary>Gets the shard that has it in memory.</summary>
    internal required Shard Owner { get; init; }

    internal PeerKey Key { get; }       // the state's, where callers' threads need no other line of memory for it

    internal PeerHash Hash { get; }

    internal PeerState State { get; }

    internal PeerMachine Machine { get; }

    /// <summary>Gets or sets its place on the clock that decides who leaves memory.</summary>
    internal int ClockPlace { get; set; }

    /// <summary>Gets or sets the peer's key at rest; <see langword="null"/> before it is added and after it is forgotten.</summary>
    internal PeerVault? Vault { get; set; }

    /// <summary>Gets or sets the position of the last record that holds facts of this peer.</summary>
    internal LogPosition ChangedAt { get; set; }

    /// <summary>Gets or sets the position its snapshot in the store was taken at.</summary>
    internal LogPosition StoredAt { get; set; }

    internal bool IsDirty => ChangedAt.Value > StoredAt.Value;

    /// <summary>Gets or sets the batch that is staging this peer, and the place of its output there.</summary>
    internal TouchedPeer? Staging { get; set; }

    /// <summary>Gets whether the batch that stages the peer has forgotten it.</summary>
    internal bool IsForgotten => !State.Exists && Staging is { } staging && staging.Output.Events.Exists(fact => fact is PeerEvent.Forgotten);

    /// <summary>Gets or sets whether the application may hold messages of the peer that are not settled yet.</summary>
    internal bool IsHandingOut { get; set; }

    /// <summary>How many batches that touched or stored this peer have not been performed; counted by several threads.</summary>
    internal int TurnsOpen;

    internal MonotonicMillis ScheduledAt { get; set; } = MonotonicMillis.Never;

    /// <summary>Gets who waits for a session or its next epoch; settled by the machine.</summary>
    internal List<PeerWork>? SessionWaiters { get; set; }

    /// <summary>Gets or sets receiver indices whose rows the next snapshot writes or deletes.</summary>
    internal ReceiverIndex[] StoredIndices { get; set; } = [];

    /// <summary>Gets or sets the windows it was loaded with, until its epochs have taken them.</summary>
    internal ExactWindows? Windows { get; set; }

    /// <summary>Gets or sets what tells the windows in the store from others; 0: none are stored that count.</summary>
    internal UInt128 StoredWindows { get; set; }

    /// <summary>Where new records are sealed; read by callers' threads.</summary>
    internal volatile EpochTraffic? Sending;

    /// <summary>Whether it is no longer the one in memory under its key; written by the turn, read by callers' threads.</summary>
    internal volatile bool HasLeft;

    /// <summary>When it was last used, in turns of the residency clock; written by any thread.</summary>
    internal volatile bool Touched;

    /// <summary>Whether the inbox has it in its queue.</summary>
    internal int InboxQueued;

    internal override PeerLimits Limits => InForce.Limits;

    internal TrafficLimits TrafficLimits => InForce.Traffic;

    /// <summary>Gets what the frozen policy says, as the turn last read it. Every sealed record asks, on its caller's thread.</summary>
    internal Policy Policy => (_policy ?? InForce).Policy;

    // Only the turn writes what others read, so that none who is late can leave an older policy behind.
    private PeerPolicy InForce
    {
        get
        {
            var read = _policy;
            if (read is null || !ReferenceEquals(read.Frozen, State.Policy))
            {
                _policy = read = _environment.Policies.Get(State.Policy, _environment.Settings);
            }

            return read;
        }
    }

    internal override IReadOnlyList<Fingerprint> LocalIdentities => _environment.Identities.FingerprintsOf(Key.Identity);

    internal override Suite? ChooseSuite(Fingerprint local, Pin remote)
    {
        var common = _environment.Identities.SuitesOf(local).Intersect(remote.Suites);
        foreach (var suite in Limits.Suites)
        {
            if (common.Contains(suite))
            {
                return suite;
            }
        }

        return null;
    }

    /// <summary>The link of the table that peers are found by.</summary>
    internal readonly struct Links : ITableLinks<PeerKey, ResidentPeer>
    {
        public static PeerKey KeyOf(ResidentPeer item) => item.Key;

        public static ref ResidentPeer? Next(ResidentPeer item) => ref item._nextInTable;
    }

    /// <summary>Another policy was frozen: it is read now, for those who ask without a turn.</summary>
    internal void PolicyChanged() => _ = InForce;
}

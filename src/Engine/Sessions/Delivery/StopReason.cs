namespace Kyberium.Engine.Sessions.Delivery;

/// <summary>Why one direction of delivery stands still until an operator starts a new stream.</summary>
internal enum StopReason
{
    /// <summary>The peer acknowledged or knows what this store never numbered: this store went back in time.</summary>
    OwnStoreRolledBack = 1,

    /// <summary>The peer no longer knows what it had told this side: its store went back in time.</summary>
    PeerStoreRolledBack = 2,

    /// <summary>The same number has another history on each side: one store was cloned and both copies ran.</summary>
    HistoriesDiffer = 3,
}

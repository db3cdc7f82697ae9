namespace Kyberium.Simulation.Checkers;

/// <summary>What an act of an operator, or the loss of a store, may do to one direction of delivery. Each act has its own, once.</summary>
[Flags]
internal enum Liberty
{
    None = 0,

    /// <summary>The sender starts a stream that the receiver has never met.</summary>
    NewStream = 1,

    /// <summary>The receiver takes the sender's stream up where the sender stands.</summary>
    Rewind = 2,

    /// <summary>What the sender was not seen to count as acknowledged may come once more.</summary>
    RepeatsOpen = 4,

    /// <summary>Whatever was sent before may come once more.</summary>
    RepeatsAll = 8,

    /// <summary>What the sender still held may never come: its outbox is gone.</summary>
    LosesQueued = 16,

    /// <summary>What the receiver had accepted may never be handled: its inbox is gone. What the sender holds has to come still.</summary>
    LosesAccepted = 32,

    SenderReset = NewStream | RepeatsOpen,
    ReceiverReset = Rewind | RepeatsOpen,
    SenderGone = NewStream | RepeatsAll | LosesQueued,
    ReceiverGone = Rewind | RepeatsAll | LosesAccepted,
}

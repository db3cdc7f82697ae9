namespace Kyberium.Crash;

/// <summary>What a node is about when it is killed.</summary>
internal enum StepKind
{
    /// <summary>A record is committed.</summary>
    Append,

    /// <summary>A commit that drops records behind a checkpoint.</summary>
    Checkpoint,

    /// <summary>A commit that writes a peer's snapshot without being a checkpoint.</summary>
    Passivation,

    /// <summary>Message 1 or 2 goes out.</summary>
    Handshake,

    /// <summary>A rekey carrier goes out.</summary>
    Rekey,

    /// <summary>The journal is read before the engine is ready.</summary>
    Recovery,
}

/// <summary>Where in a step the kill comes.</summary>
internal enum StepPhase
{
    /// <summary>Before the call; the node stands still there.</summary>
    Before,

    /// <summary>At any moment of the call: the node goes on while the kill is on its way.</summary>
    During,

    /// <summary>After the call and before its result is used; the node stands still there.</summary>
    After,
}

/// <summary>The step at which a life of a node is to end.</summary>
/// <param name="Skip">How many such steps pass first.</param>
internal readonly record struct StepAim(StepKind Kind, StepPhase Phase, int Skip);

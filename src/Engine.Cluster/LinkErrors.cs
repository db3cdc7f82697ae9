namespace Kyberium.Engine.Cluster;

/// <summary>What the link itself answers and reports, each with what to do next.</summary>
internal static class LinkErrors
{
    /// <summary>The time of a request is over.</summary>
    internal static ClusterAnswer TimedOut(bool mayHaveHappened, bool isConnected) => mayHaveHappened
        ? OutcomeUnknown("no answer came in time")
        : isConnected
            ? ClusterAnswer.Failed(
                EngineErrorCode.Overloaded, "no room for the request in time, and it was not sent: retry later, or let the node's grants rise")
            : NotReached("there was no connection in time");

    internal static ClusterAnswer OutcomeUnknown(string why) => ClusterAnswer.Failed(
        EngineErrorCode.OutcomeUnknown,
        $"{why}; the request was sent and may have been done: ask again under the same operation id to learn it");

    internal static ClusterAnswer NotReached(string why) => ClusterAnswer.Failed(
        EngineErrorCode.NodeUnreachable, $"{why}, and the request was not sent: retry, or look for why the node does not answer");

    internal static ClusterAnswer Waiting(int waiting) => ClusterAnswer.Failed(
        EngineErrorCode.Overloaded, $"{waiting:N0} requests wait for the node already, and this one was not sent: retry later");

    internal static ClusterAnswer TooLarge(int length, int lengthMax) => ClusterAnswer.Failed(
        EngineErrorCode.PayloadTooLarge, $"the payload has {length:N0} bytes and the node takes {lengthMax:N0}: send it in parts");

    internal static ClusterAnswer Ended(bool mayHaveHappened) =>
        mayHaveHappened ? OutcomeUnknown("the link was closed") : NotReached("the link was closed");

    internal static EngineException CannotListen(string where, Exception cause) => new(
        EngineErrorCode.OptionsInvalid, $"the cluster link cannot listen at {where} ({cause.Message}); choose a free address of this machine", cause);

    internal static EngineException NoStore(string cluster) => new(
        EngineErrorCode.RequestInvalid, $"there is no store of cluster '{cluster}' in its database; restore that first, with the database's own tools (pg_restore)");

    internal static EngineException OptionInvalid(string name, object value, string allowed) => new(
        EngineErrorCode.OptionsInvalid, $"{name} is '{value}'; it must be {allowed}");
}

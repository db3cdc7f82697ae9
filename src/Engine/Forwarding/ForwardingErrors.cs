namespace Kyberium.Engine.Forwarding;

internal static class ForwardingErrors
{
    internal static EngineException RequestUnreadable(string why) =>
        new(EngineErrorCode.RequestInvalid, $"the request of another node cannot be read ({why}): run the same version on all nodes, or report it");

    internal static EngineException AnswerUnreadable(Exception cause) =>
        new(EngineErrorCode.InternalError, $"the answer of another node cannot be read ({cause.Message}): run the same version on all nodes, or report it", cause);

    internal static EngineException NotFound(ShardId shard, TimeSpan patience, EngineException? last) => new(
        last?.Code ?? EngineErrorCode.ShardElsewhere,
        $"no node served shard {shard} within {patience.TotalSeconds:0.#} s; repeat the call, and look at the cluster's members if it stays so", last);

    internal static EngineException Unknown(ShardId shard, EngineException cause) =>
        new(EngineErrorCode.OutcomeUnknown, $"the node that has shard {shard} did not answer: the call may have happened; look before it is repeated", cause);

    internal static EngineException LinksCollect() => new(
        EngineErrorCode.OptionsInvalid,
        "a node of a cluster takes calls of its peers, and EngineParts.PeerLinks has a link that only makes them (it collects); give it one that listens");

    internal static EngineException RestoreInCluster() => new(
        EngineErrorCode.OptionsInvalid,
        "a restored store is gone on from by one engine alone: start one over the database without a cluster while no node runs, and the nodes after it");
}

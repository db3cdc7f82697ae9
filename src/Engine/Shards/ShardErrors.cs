using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

internal static class ShardErrors
{
    internal static EngineException Stopping(ShardId shard) =>
        new(EngineErrorCode.EngineStopping, $"shard {shard} is stopping; send the call again once the engine has started again");

    internal static EngineException Elsewhere(ShardId shard) =>
        new(EngineErrorCode.ShardElsewhere, $"shard {shard} is another node's, or on its way to one; repeat the call");

    internal static EngineException LeaseLost(ShardId shard) =>
        new(EngineErrorCode.LeaseLost, $"this node's lease for shard {shard} is over; repeat the call: another node takes the shard, or this one again");

    internal static EngineException Recovering(ShardId shard) =>
        new(EngineErrorCode.ShardRecovering, $"shard {shard} is recovering from its journal; repeat the call") { IsUndone = true };

    /// <summary>What ended a shard, as those are told whose work it had not begun.</summary>
    internal static EngineException NotBegun(EngineException reason) => new(reason.Code, reason.Advice, reason) { IsUndone = true };

    internal static EngineException Broken(ShardId shard, Exception cause) =>
        cause as EngineException ?? new EngineException(
            EngineErrorCode.ShardRecovering,
            $"shard {shard} found a broken invariant and recovers from its journal; repeat the call and report the log entry", cause);

    internal static EngineException CommitFailed(ShardId shard, Exception cause) =>
        cause as EngineException ?? new EngineException(
            EngineErrorCode.ShardRecovering, $"shard {shard} could not write its journal and recovers; repeat the call", cause);

    internal static EngineException ReadFailed(ShardId shard, Exception cause) =>
        new(EngineErrorCode.JournalUnavailable,
            $"shard {shard} could not reach its journal or keyring ({cause.Message}); repeat the call, and look at the store if it stays", cause);

    internal static EngineException StateUnreadable(ShardId shard, string what, Exception cause) =>
        new(EngineErrorCode.JournalVersionUnsupported,
            $"shard {shard}: {what} has a shape this version does not know ({cause.Message}); open the data directory with the version that wrote it",
            cause);

    internal static EngineException PeerUnknown(PeerKey peer) =>
        new(EngineErrorCode.PeerUnknown, $"identity '{peer.Identity}' knows no peer '{peer.Peer}'; add it with 'kyberium peer add'");

    internal static EngineException RolledBack(ShardId shard, LogPosition stored, LogPosition remembered, Fence fence, Fence fenceRemembered) =>
        new(EngineErrorCode.StoreRolledBack,
            $"shard {shard} stands at record {stored.Value} under fence {fence.Value}, but the keyring, or a Lighthouse, remembers record "
            + $"{remembered.Value} under fence {fenceRemembered.Value}: this store is an older copy. Going on would repeat "
            + "what the newer one did. If the newer one is lost, run 'kyberium restore --accept' on it");

    internal static EngineException EarlierGeneration(uint found, uint remembered) =>
        new(EngineErrorCode.StoreRolledBack,
            $"the store is of generation {found}, but the keyring, or a Lighthouse, remembers one of generation {remembered}: this is a copy from before the last "
            + "'kyberium restore --accept'. If the newer one is lost, run that on this store too");
}

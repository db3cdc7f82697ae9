using Kyberium.Engine.Cryptography.SelfTest;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;

namespace Kyberium.Engine;

/// <summary>What callers of the engine are told.</summary>
internal static class EngineErrors
{
    internal static EngineException Stopping() =>
        new(EngineErrorCode.EngineStopping, "the engine is stopping; send the call again once it has started again");

    internal static EngineException Stopped() =>
        new(EngineErrorCode.EngineStopped, "the engine was stopped; start another one");

    internal static EngineException SelfTestFailed(SelfTestFailedException failure) =>
        new(EngineErrorCode.SelfTestFailed,
            $"the self-test of {failure.Algorithm} failed; do not use this machine or build for cryptography until it is understood", failure);

    internal static EngineException AeadUnavailable(string demandedBy) =>
        new(EngineErrorCode.ProviderUnavailable,
            $"{demandedBy} asks for AES-GCM over processor instructions, and this processor (or the runtime's settings) has no AES with carry-less products; "
            + "say \"auto\" or \"platform\" there, or move to another machine");

    internal static EngineException ShardCountFixed(int asked, int made) =>
        new(EngineErrorCode.OptionsInvalid,
            $"kyberium.engine.shard.count is {asked}, but this data directory was made with {made} shards and keeps them; set {made}");

    internal static EngineException EnvelopeRejected() =>
        new(EngineErrorCode.EnvelopeRejected, "the envelope does not open here; the log says more at debug level");

    internal static EngineException NotData() =>
        new(EngineErrorCode.RequestInvalid, "this envelope is for the engine itself; hand it to AcceptEnvelopeAsync");

    internal static EngineException TooLong(int max) =>
        new(EngineErrorCode.PayloadTooLarge, $"the payload is longer than one envelope carries ({max:N0} bytes); send it in parts");

    private static EngineException EpochExhausted(PeerKey peer) =>
        new(EngineErrorCode.EpochExhausted, $"the epoch with '{peer.Peer}' is at its hard limit and waits for its rekey; repeat the call");

    internal static EngineException DocumentUnreadable(string why) =>
        new(EngineErrorCode.PublicDocumentInvalid, $"the public document is not usable ({why}); fetch it again from its owner and compare the fingerprint");

    internal static EngineException Refused(EngineErrorCode code, PeerKey peer) => code switch
    {
        EngineErrorCode.PeerUnknown => ShardErrors.PeerUnknown(peer),
        EngineErrorCode.EpochExhausted => EpochExhausted(peer),
        EngineErrorCode.PeerExists => new(code, $"identity '{peer.Identity}' knows '{peer.Peer}', or that key, already"),
        EngineErrorCode.PeerSuspended => new(code, $"peer '{peer.Peer}' is suspended; an operator resumes it with 'kyberium peer resume'"),
        EngineErrorCode.PayloadTooLarge => new(code, "the payload is larger than the peer's policy allows; send it in parts"),
        EngineErrorCode.OutboxFull => new(code, $"the outbox for '{peer.Peer}' is full; wait for acknowledgements and repeat the call"),
        EngineErrorCode.HandshakeTimedOut => new(code, $"no session with '{peer.Peer}' came about in time; check its address and that it has this side's document pinned"),
        EngineErrorCode.PolicyForbids => new(code, $"the policy of '{peer.Peer}' forbids it, or both sides have no suite in common"),
        EngineErrorCode.SessionMissing => new(code, $"there is no session with '{peer.Peer}'; connect first"),
        EngineErrorCode.MessageUnknown => new(code, "no such message waits here in that state; it may have been handled already"),
        _ => new(code, $"the request for '{peer.Peer}' was refused"),
    };
}

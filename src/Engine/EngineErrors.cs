using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.SelfTest;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Templates;
using Kyberium.Engine.Wire;

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

    internal static EngineException PlatformMlKemMissing(PlatformKemUnavailableException cause) =>
        new(EngineErrorCode.ProviderUnavailable, $"kyberium.engine.cryptography.ml-kem-provider is platform, but {cause.Message}", cause);

    internal static EngineException ShardCountFixed(int asked, int made) =>
        new(EngineErrorCode.OptionsInvalid,
            $"kyberium.engine.shard.count is {asked}, but this data directory was made with {made} shards and keeps them; set {made}");

    internal static EngineException EnvelopeRejected() =>
        new(EngineErrorCode.EnvelopeRejected, "the envelope does not open here; the log says more at debug level");

    /// <summary>Tells a caller why an envelope of data did not open. A closing window is a matter of timing, not of the keys.</summary>
    internal static EngineException NotOpened(OpenOutcome outcome) => outcome == OpenOutcome.Closing
        ? new(EngineErrorCode.Overloaded, "the window of this envelope's sender is being put away; open the same envelope again after a moment")
        : EnvelopeRejected();

    internal static EngineException NotData() =>
        new(EngineErrorCode.RequestInvalid, "this envelope is for the engine itself; hand it to AcceptEnvelopeAsync");

    internal static EngineException TooLong(int max) =>
        new(EngineErrorCode.PayloadTooLarge, $"the payload is longer than one envelope carries ({max:N0} bytes); send it in parts");

    internal static EngineException TransferRefused(PeerKey peer) =>
        new(EngineErrorCode.PayloadTooLarge,
            $"'{peer.Peer}' refused the stream: its inbox cannot hold it whole; send several shorter ones, or have it raise inbox.bytesMax");

    internal static EngineException AddressesTooMany(int count) =>
        new(EngineErrorCode.RequestInvalid, $"a peer has at most {AddressBounds.CountMax} addresses, and these are {count:N0}; name those that it is reached at best");

    internal static EngineException AddressTooLong(int bytes) =>
        new(EngineErrorCode.RequestInvalid, $"an address of a peer has at most {AddressBounds.BytesMax:N0} bytes, and one of these has {bytes:N0}; give its URI alone");

    internal static EngineException EpochExhausted(PeerKey peer) =>
        new(EngineErrorCode.EpochExhausted, $"the epoch with '{peer.Peer}' is at its hard limit and waits for its rekey; repeat the call");

    internal static EngineException DocumentUnreadable(string why) =>
        new(EngineErrorCode.PublicDocumentInvalid, $"the public document is not usable ({why}); fetch it again from its owner and compare the fingerprint");

    internal static EngineException DocumentHasNoSuite(PeerKey peer, string template, SuiteSet allowed, Fingerprint document, SuiteSet held) =>
        new(EngineErrorCode.PolicyForbids,
            $"template '{template}' allows {Names(allowed)}, and the document {document} of '{peer.Peer}' has keys for {Names(held)} only: no session could be made. "
            + "Name a template that allows one of these, or have the peer send the document of an identity with a key for one of those");

    internal static EngineException IdentityHasNoSuite(PeerKey peer, string template, SuiteSet possible, SuiteSet held) =>
        new(EngineErrorCode.PolicyForbids,
            $"template '{template}' and the document of '{peer.Peer}' leave {Names(possible)}, and identity '{peer.Identity}' has keys for {Names(held)} only: no session could be "
            + "made. Name another template, or let an identity with a key for one of those know the peer ('kyberium identity create NAME --suite')");

    internal static EngineException Refused(EngineErrorCode code, PeerKey peer) => code switch
    {
        EngineErrorCode.PeerUnknown => ShardErrors.PeerUnknown(peer),
        EngineErrorCode.EpochExhausted => EpochExhausted(peer),
        EngineErrorCode.PeerExists => new(code, $"identity '{peer.Identity}' knows '{peer.Peer}', or that key, already"),
        EngineErrorCode.PeerSuspended => new(code, $"peer '{peer.Peer}' is suspended; an operator resumes it with 'kyberium peer resume'"),
        EngineErrorCode.PayloadTooLarge => new(code, "the payload is larger than the peer's policy allows; send it in parts"),
        EngineErrorCode.OutboxFull => new(code, $"the outbox for '{peer.Peer}' is full; wait for acknowledgements and repeat the call"),
        EngineErrorCode.HandshakeTimedOut => new(code, $"no session with '{peer.Peer}' came about in time; check its address and that it has this side's document pinned"),
        EngineErrorCode.PolicyForbids => new(code,
            $"the policy of '{peer.Peer}' forbids it, or both sides have no suite in common; see 'kyberium peer show', then change its template or its pins"),
        EngineErrorCode.SessionMissing => new(code, $"there is no session with '{peer.Peer}'; connect first"),
        EngineErrorCode.MessageUnknown => new(code, "no such message waits here in that state; it may have been handled already"),
        _ => new(code, $"the request for '{peer.Peer}' was refused"),
    };

    private static string Names(SuiteSet suites) => string.Join(", ", suites.InOrder().Select(SuiteNames.NameOf));
}

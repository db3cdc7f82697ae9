using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Identities;

internal static class DirectoryErrors
{
    internal static EngineException IdentityUnknown(IdentityName name) =>
        new(EngineErrorCode.IdentityUnknown, $"there is no identity '{name}'; create it with 'kyberium identity create {name}'");

    internal static EngineException IdentityExists(IdentityName name) =>
        new(EngineErrorCode.IdentityExists, $"identity '{name}' exists; to replace its keys run 'kyberium identity rotate {name}'");

    internal static EngineException RotationOpen(IdentityName name) =>
        new(EngineErrorCode.IdentityExists,
            $"identity '{name}' is being rotated; finish with 'kyberium identity rotate {name} --finish' once every peer has the new document");

    internal static EngineException NoRotation(IdentityName name) =>
        new(EngineErrorCode.RequestInvalid, $"identity '{name}' is not being rotated; start with 'kyberium identity rotate {name}'");

    internal static EngineException SuitesMissing() =>
        new(EngineErrorCode.RequestInvalid, "an identity needs at least one suite, and each only once");

    internal static EngineException OwnKey() =>
        new(EngineErrorCode.PublicDocumentInvalid, "the document holds a key of an identity of this engine; a peer has keys of its own");

    internal static EngineException KeyPinned(PeerKey owner) =>
        new(EngineErrorCode.PeerExists,
            $"a key of this document is pinned for peer '{owner.Peer}' already; one key belongs to one peer. Remove that one first");

    internal static EngineException Elsewhere() =>
        new(EngineErrorCode.ShardElsewhere, $"shard {ShardId.Directory} is another node's, or on its way to one; repeat the call");

    internal static EngineException ClaimOpen(PeerKey owner) =>
        new(EngineErrorCode.Overloaded,
            $"a key of this document may be in the course of being pinned for peer '{owner.Peer}', since before the directory changed its owner; repeat the call in a minute")
        {
            IsUndone = true,
        };

    internal static EngineException Stopping() =>
        new(EngineErrorCode.EngineStopping, "the engine is stopping; send the call again once it has started again");
}

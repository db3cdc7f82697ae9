using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Identities;

/// <summary>This side's identities, as shards need them.</summary>
internal interface ILocalIdentities : IStaticKeys
{
    /// <summary>Gets an identity's fingerprints, newest first; empty when it does not exist.</summary>
    IReadOnlyList<Fingerprint> FingerprintsOf(IdentityName identity);
}

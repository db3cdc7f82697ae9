using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>This side's static keys, found by the fingerprint of the identity's document.</summary>
internal interface IStaticKeys
{
    /// <summary>Gives the key of a suite, borrowed; <see langword="null"/> when the identity is gone or has none.</summary>
    KemDecapsulationKey? Find(Fingerprint identity, Suite suite);

    /// <summary>Gives the suites an identity has keys for.</summary>
    SuiteSet SuitesOf(Fingerprint identity);
}

/// <summary>Ephemeral keys made ahead, so that a burst of handshakes does not wait for key generation.</summary>
internal interface IEphemeralKeys
{
    /// <summary>Takes a key that nobody else gets; the caller disposes it.</summary>
    KemDecapsulationKey Take(Kem kem);
}

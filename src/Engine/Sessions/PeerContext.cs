namespace Kyberium.Engine.Sessions;

/// <summary>What a machine may ask about this side; fixed for the length of a step.</summary>
internal abstract class PeerContext
{
    /// <summary>Gets the limits in force for the peer.</summary>
    internal abstract PeerLimits Limits { get; }

    /// <summary>Gets the fingerprints of this identity, newest first: one, or two while it rotates.</summary>
    internal abstract IReadOnlyList<Fingerprint> LocalIdentities { get; }

    /// <summary>Chooses the first suite of the policy for which both sides have a key; <see langword="null"/> when there is none.</summary>
    internal abstract Suite? ChooseSuite(Fingerprint local, Pin remote);
}

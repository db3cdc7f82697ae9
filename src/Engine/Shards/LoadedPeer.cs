using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>A peer as it was read.</summary>
internal sealed class LoadedPeer(PeerState state, PeerHash hash, PeerVault vault) : IDisposable
{
    internal PeerState State { get; } = state;

    internal PeerHash Hash { get; } = hash;

    internal PeerVault Vault { get; } = vault;

    internal LogPosition StoredAt { get; set; }

    internal LogPosition ChangedAt { get; set; }

    /// <summary>Gets or sets the windows to go on from exactly; <see langword="null"/>: what was reserved is refused.</summary>
    internal ExactWindows? Windows { get; set; }

    internal ReceiverIndex[] StoredIndices { get; set; } = [];

    /// <summary>For who does not take the peer on.</summary>
    public void Dispose()
    {
        State.Erase();
        Vault.Dispose();
    }
}

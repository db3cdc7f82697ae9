namespace Kyberium.Engine.Sessions;

/// <summary>A peer as one identity knows it: the key by which everything is routed and stored.</summary>
internal readonly record struct PeerKey(IdentityName Identity, PeerId Peer)
{
    public override string ToString() => $"{Identity}/{Peer}";
}

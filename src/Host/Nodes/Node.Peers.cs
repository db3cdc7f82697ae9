using Kyberium.Engine;
using Kyberium.Host.Documents;

namespace Kyberium.Host.Nodes;

internal sealed partial class Node
{
    /// <summary>What the engine does with one peer on somebody's order.</summary>
    private delegate Task PeerAct(PeerId peer, IdentityName? identity, CallerContext caller, CancellationToken cancellationToken);

    internal async Task<PeerDocument> AddPeerAsync(PeerAddition request, CallerContext caller, CancellationToken cancellationToken)
    {
        var newPeer = new NewPeer
        {
            Peer = Names.Peer(request.Peer),
            PublicDocument = request.Document,
            Identity = Names.Identity(request.Identity),
            Addresses = request.Addresses,
            Template = request.Template,
        };
        return PeerDocument.Of(await _engine.AddPeerAsync(newPeer, caller, cancellationToken));
    }

    internal async Task<PeerList> ListPeersAsync(CancellationToken cancellationToken)
    {
        var peers = new List<PeerReference>();
        await foreach (var (identity, peer) in _engine.ListPeersAsync(cancellationToken))
        {
            peers.Add(new PeerReference(identity.Value, peer.Value));
        }

        return new PeerList(
            [.. peers.OrderBy(peer => peer.Identity, StringComparer.Ordinal).ThenBy(peer => peer.Peer, StringComparer.Ordinal)]);
    }

    internal async Task<PeerDocument> ShowPeerAsync(PeerReference request, CancellationToken cancellationToken) =>
        PeerDocument.Of(await _engine.GetPeerAsync(
            Names.Peer(request.Peer), Names.Identity(request.Identity), cancellationToken));

    internal Task<PeerDocument> SuspendPeerAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken) =>
        ActAsync(request, _engine.SuspendPeerAsync, caller, cancellationToken);

    internal Task<PeerDocument> ResumePeerAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken) =>
        ActAsync(request, _engine.ResumePeerAsync, caller, cancellationToken);

    internal Task<PeerDocument> ReleasePeerAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken) =>
        ActAsync(request, _engine.ReleasePeerAsync, caller, cancellationToken);

    internal Task<PeerDocument> ConnectAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken) =>
        ActAsync(request, _engine.ConnectAsync, caller, cancellationToken);

    internal Task<PeerDocument> RekeyAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken) =>
        ActAsync(request, _engine.RekeyAsync, caller, cancellationToken);

    internal Task<PeerDocument> CloseAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken) =>
        ActAsync(request, _engine.CloseAsync, caller, cancellationToken);

    internal Task<PeerDocument> ResetStreamAsync(StreamReset request, CallerContext caller, CancellationToken cancellationToken) => ActAsync(
        new PeerReference(request.Identity, request.Peer),
        (peer, identity, by, stop) => _engine.ResetStreamAsync(peer, request.Outgoing, request.Incoming, identity, by, stop),
        caller, cancellationToken);

    internal Task<PeerDocument> SetAddressesAsync(PeerAddresses request, CallerContext caller, CancellationToken cancellationToken) => ActAsync(
        new PeerReference(request.Identity, request.Peer),
        (peer, identity, by, stop) => _engine.SetAddressesAsync(peer, request.Addresses, identity, by, stop),
        caller, cancellationToken);

    internal async Task<Nothing> RemovePeerAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.RemovePeerAsync(
            Names.Peer(request.Peer), Names.Identity(request.Identity), caller, cancellationToken);
        return Nothing.Instance;
    }

    internal async Task<PeerDocument> PinPeerAsync(PeerPin request, CallerContext caller, CancellationToken cancellationToken)
    {
        // First of all: the engine claims the keys of the document for the name given, whether a peer has that or not.
        _ = await ShowPeerAsync(new PeerReference(request.Identity, request.Peer), cancellationToken);
        return PeerDocument.Of(await _engine.AddPinAsync(
            Names.Peer(request.Peer), request.Document, Names.Identity(request.Identity), caller, cancellationToken));
    }

    /// <summary>Does something with a peer, then shows it as it is now.</summary>
    private async Task<PeerDocument> ActAsync(
        PeerReference request, PeerAct act, CallerContext caller, CancellationToken cancellationToken)
    {
        await act(Names.Peer(request.Peer), Names.Identity(request.Identity), caller, cancellationToken);
        return await ShowPeerAsync(request, cancellationToken);
    }
}

using Kyberium.Engine;
using Kyberium.Host.Documents;

namespace Kyberium.Host.Nodes;

internal sealed partial class Node
{
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
        _ = _engine.GetIdentity(newPeer.Identity);      // a peer of an identity that does not exist could never be talked to
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

    internal async Task<PeerDocument> SuspendPeerAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.SuspendPeerAsync(
            Names.Peer(request.Peer), Names.Identity(request.Identity), caller, cancellationToken);
        return await ShowPeerAsync(request, cancellationToken);
    }

    internal async Task<PeerDocument> ResumePeerAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.ResumePeerAsync(
            Names.Peer(request.Peer), Names.Identity(request.Identity), caller, cancellationToken);
        return await ShowPeerAsync(request, cancellationToken);
    }

    internal async Task<PeerDocument> ReleasePeerAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.ReleasePeerAsync(
            Names.Peer(request.Peer), Names.Identity(request.Identity), caller, cancellationToken);
        return await ShowPeerAsync(request, cancellationToken);
    }

    internal async Task<Nothing> RemovePeerAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.RemovePeerAsync(
            Names.Peer(request.Peer), Names.Identity(request.Identity), caller, cancellationToken);
        return Nothing.Instance;
    }

    internal async Task<PeerDocument> ResetStreamAsync(StreamReset request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.ResetStreamAsync(
            Names.Peer(request.Peer), request.Outgoing, request.Incoming, Names.Identity(request.Identity), caller, cancellationToken);
        return await ShowPeerAsync(new PeerReference(request.Identity, request.Peer), cancellationToken);
    }

    internal async Task<PeerDocument> PinPeerAsync(PeerPin request, CallerContext caller, CancellationToken cancellationToken)
    {
        // First of all: the engine claims the keys of the document for the name given, whether a peer has that or not.
        _ = await ShowPeerAsync(new PeerReference(request.Identity, request.Peer), cancellationToken);
        return PeerDocument.Of(await _engine.AddPinAsync(
            Names.Peer(request.Peer), request.Document, Names.Identity(request.Identity), caller, cancellationToken));
    }

    internal async Task<PeerDocument> SetAddressesAsync(PeerAddresses request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.SetAddressesAsync(
            Names.Peer(request.Peer), request.Addresses, Names.Identity(request.Identity), caller, cancellationToken);
        return await ShowPeerAsync(new PeerReference(request.Identity, request.Peer), cancellationToken);
    }

    internal async Task<PeerDocument> ConnectAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.ConnectAsync(
            Names.Peer(request.Peer), Names.Identity(request.Identity), caller, cancellationToken);
        return await ShowPeerAsync(request, cancellationToken);
    }

    internal async Task<PeerDocument> RekeyAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.RekeyAsync(
            Names.Peer(request.Peer), Names.Identity(request.Identity), caller, cancellationToken);
        return await ShowPeerAsync(request, cancellationToken);
    }

    internal async Task<PeerDocument> CloseAsync(PeerReference request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.CloseAsync(
            Names.Peer(request.Peer), Names.Identity(request.Identity), caller, cancellationToken);
        return await ShowPeerAsync(request, cancellationToken);
    }
}

using System.Runtime.CompilerServices;
using Kyberium.Engine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Host.Palettes;

/// <summary><c>session</c>: the key state with each peer.</summary>
internal sealed class SessionPalette(Node node)
{
    internal PbmPalette Make() => new("session", "Looks at sessions with peers, renews and ends them.",
    [
        new PbmCommand
        {
            Name = "list",
            Description = "Lists peers that have a session: peer, identity, status, session, suite, epoch, messages out and in.",
            Items = "sessions",
            Switches =
            [
                new PbmSwitch("all", PbmSwitchType.Flag, "Also peers that have none.", 'a'), PeerSwitches.Identity, PeerSwitches.Limit("peers are looked at"),
            ],
            Run = ListAsync,
        },
        new PbmCommand
        {
            Name = "show", Description = "Shows one peer and its session.", Items = "sessions",
            Switches = [PeerSwitches.Peer, PeerSwitches.Identity],
            Run = PbmCommand.One(async (call, stop) => Card(await NodeOperations.ShowPeer.RunAsync(node, PeerSwitches.ReferenceOf(call), call.Caller, stop))),
        },
        Change("rekey", "Starts the next epoch of a session's keys.", NodeOperations.Rekey),
        Change("close", "Ends a session; messages wait for the next one.", NodeOperations.Close),
        new PbmCommand
        {
            Name = "reset-stream",
            Description = "Begins a delivery stream with a peer anew, after one side lost its store. Without --outgoing or --incoming: both ways.",
            Items = "sessions",
            Changes = true,
            Switches =
            [
                PeerSwitches.Peer, PeerSwitches.Identity, new PbmSwitch("outgoing", PbmSwitchType.Flag, "The stream to the peer.", 'o'),
                new PbmSwitch("incoming", PbmSwitchType.Flag, "The stream from the peer.", 'I'),
            ],
            Run = PbmCommand.One(ResetAsync),
        },
    ]);

    private PbmCommand Change(string name, string description, NodeOperation<PeerReference, PeerDocument> operation) => new()
    {
        Name = name,
        Description = description,
        Items = "sessions",
        Changes = true,
        Switches = [PeerSwitches.Peer, PeerSwitches.Identity],
        Run = PbmCommand.One(async (call, stop) => Card(await operation.RunAsync(node, PeerSwitches.ReferenceOf(call), call.Caller, stop))),
    };

    private async Task<PbmItem> ResetAsync(PbmCall call, CancellationToken cancellationToken)
    {
        var peer = PeerSwitches.ReferenceOf(call);
        var both = !call.Flag("outgoing") && !call.Flag("incoming");
        var reset = new StreamReset(peer.Identity, peer.Peer, both || call.Flag("outgoing"), both || call.Flag("incoming"));
        return Card(await NodeOperations.ResetStream.RunAsync(node, reset, call.Caller, cancellationToken));
    }

    private async IAsyncEnumerable<PbmItem> ListAsync(PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (all, identity) = (call.Flag("all"), call.Text(PeerSwitches.Identity.Name));
        var peers = (await node.ListPeersAsync(cancellationToken)).Peers;
        foreach (var reference in peers.Where(one => identity is null || one.Identity == identity).Take(PeerSwitches.LimitOf(call)))
        {
            PeerDocument peer;
            try
            {
                peer = await node.ShowPeerAsync(reference, cancellationToken);
            }
            catch (EngineException gone) when (gone.Code == EngineErrorCode.PeerUnknown)
            {
                continue;       // removed in this moment
            }

            if (all || peer.Session is not null)
            {
                yield return PbmItem.Row(
                    ("peer", peer.Peer), ("identity", peer.Identity), ("status", Word(peer.Status)), ("session", peer.Session), ("suite", peer.Suite),
                    ("epoch", peer.Epoch), ("outboxCount", peer.OutboxCount), ("inboxCount", peer.InboxCount));
            }
        }
    }

    internal static string Word(PeerStatus status) => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(status.ToString());

    // The names are those of the control socket's document.
    private static PbmItem Card(PeerDocument peer) => PbmItem.Card(
        ("peer", peer.Peer), ("identity", peer.Identity), ("status", Word(peer.Status)), ("pins", peer.Pins), ("addresses", peer.Addresses),
        ("template", peer.Template), ("session", peer.Session), ("suite", peer.Suite), ("epoch", peer.Epoch), ("outboxCount", peer.OutboxCount),
        ("nextNumber", peer.NextNumber), ("inboxCount", peer.InboxCount), ("setAsideCount", peer.SetAsideCount),
        ("acceptedThrough", peer.AcceptedThrough), ("outgoingStopped", peer.OutgoingStopped), ("incomingStopped", peer.IncomingStopped));
}

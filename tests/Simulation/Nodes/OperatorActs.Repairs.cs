using Kyberium.Engine;
using Kyberium.Simulation.Checkers;

namespace Kyberium.Simulation.Nodes;

/// <content>What operators look after all the time: that everybody knows everybody, by the keys in use now.</content>
internal sealed partial class OperatorActs
{
    private const long RepairMicros = 3 * Second;

    private readonly Dictionary<(string Node, string Peer), bool> _sound = [];
    private bool _isResting;

    /// <summary>Gets whether at the last look every node knew every other by its newest keys, held and stopped nothing, and no rotation was open.</summary>
    internal bool IsSound => _plan.Faults == Faults.None || (!IsAnythingOpen && nodes.All(node => nodes.All(
        peer => peer == node || _sound.GetValueOrDefault((node.Name, peer.Name)))));

    internal void Rest() => _isResting = true;

    private void NextRepair()
    {
        if (_plan.Faults == Faults.None)
        {
            return;
        }

        world.After(null, RepairMicros, () =>
        {
            if (_isResting)
            {
                return;
            }

            foreach (var node in nodes)
            {
                foreach (var peer in nodes.Where(peer => peer != node))
                {
                    Repair(node, peer);
                }

                FinishRotation(node);
            }

            NextRepair();
        });
    }

    private void Repair(SimulatedNode node, SimulatedNode peer)
    {
        var pair = (node.Name, peer.Name);
        if (_busy.Contains(pair) || !_identities.TryGetValue(peer.Name, out var identity))
        {
            return;
        }

        application.Do(node, null, async (process, engine) =>
        {
            PeerInfo? info = null;
            try
            {
                info = await engine.GetPeerAsync(peer.PeerId).ConfigureAwait(false);
            }
            catch (EngineException unknown) when (unknown.Code == EngineErrorCode.PeerUnknown)
            {
                // It was removed, or the store is a new one.
            }

            if (process.IsAlive && process == node.Process)     // what a deposed owner shows may be older than what was done since
            {
                _sound[pair] = info is { OutgoingStopped: "", IncomingStopped: "", Status: not PeerStatus.Held }
                    && info.Pins.Contains(identity.Fingerprint) && _identities[node.Name].PreviousFingerprint is null;
                Repair(node, peer, identity, info);
            }
        });
    }

    private void Repair(SimulatedNode node, SimulatedNode peer, IdentityInfo identity, PeerInfo? info)
    {
        if (info is null)
        {
            Act(
                node, "peer-added", (engine, caller) => engine.AddPeerAsync(
                    new NewPeer { Peer = peer.PeerId, PublicDocument = identity.PublicDocument, Addresses = [Network.SimulatedNetwork.AddressOf(peer.Name)] }, caller),
                pair: (node.Name, peer.Name));
        }
        else if (!info.Pins.Contains(identity.Fingerprint) && info.Pins.Count < 2)
        {
            Act(
                node, "pin-added", (engine, caller) => ReplacesPeersForTheirKeys
                    ? engine.RemovePeerAsync(peer.PeerId) : AddPinAsync(node, engine, peer, identity, info.Pins[0], caller),
                pair: (node.Name, peer.Name), isConditional: ReplacesPeersForTheirKeys);
        }
        else if (!info.Pins.Contains(identity.Fingerprint))
        {
            Remove(node, peer);     // neither of the two pins is in use any more
        }
        else if (info.Status == PeerStatus.Held)
        {
            Act(node, "peer-released", (engine, caller) => engine.ReleasePeerAsync(peer.PeerId, caller: caller));
        }
        else if (info.Status == PeerStatus.Suspended && !application.MayBeSuspended(node, peer))
        {
            Act(node, "peer-resumed", (engine, caller) => engine.ResumePeerAsync(peer.PeerId, caller: caller));     // an older store says so
        }
        else if (info.OutgoingStopped.Length > 0 || info.IncomingStopped.Length > 0)
        {
            Reset(node, peer, info.OutgoingStopped.Length > 0, info.IncomingStopped.Length > 0);
        }
    }

    private async Task AddPinAsync(
        SimulatedNode node, SessionEngine engine, SimulatedNode peer, IdentityInfo identity, Fingerprint older, CallerContext caller)
    {
        var pinned = await engine.AddPinAsync(peer.PeerId, identity.PublicDocument, caller: caller).ConfigureAwait(false);
        if (!pinned.Pins.Contains(older))
        {
            audit.HasToBeProved(node, identity.Fingerprint);
        }
    }

    private void FinishRotation(SimulatedNode node)
    {
        if (_identities.TryGetValue(node.Name, out var identity) && identity.PreviousFingerprint is not null
            && nodes.All(other => other == node || IsPinnedAt(other, node, identity)))
        {
            Act(
                node, "identity-rotation-finished", async (engine, caller) =>
                {
                    // None when everything was lost since, and the new identity is still on its way to the disk.
                    if (engine.ListIdentities() is [{ PreviousFingerprint: not null }, ..])
                    {
                        _identities[node.Name] = await engine.FinishIdentityRotationAsync(IdentityName.Default, caller).ConfigureAwait(false);
                    }
                },
                pair: (node.Name, node.Name), isConditional: true);
        }
    }

    private bool IsPinnedAt(SimulatedNode node, SimulatedNode peer, IdentityInfo identity) =>
        ledgers.Showed.TryGetValue((node.Name, peer.Name), out var info) && info.Pins.Contains(identity.Fingerprint);
}

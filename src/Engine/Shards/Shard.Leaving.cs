using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Ratchet;

namespace Kyberium.Engine.Shards;

/// <summary>Which peers are in memory, and how they leave it: forgotten, or passivated when there are too many.</summary>
internal sealed partial class Shard
{
    private const int LooksPerTurnMin = 64;

    /// <summary>Gets the most peers this shard keeps in memory; those with work in progress count but stay.</summary>
    private int ResidentMax =>
        Math.Max(1, _environment.Settings.Residency.ResidentPeersMax / _environment.Settings.Shard.Count);

    /// <summary>A peer that does not exist, or no longer: out of memory once the batch is durable.</summary>
    private void Dismiss(ShardTurn turn, ResidentPeer peer)
    {
        if (peer.Vault is not null)
        {
            ShardStore.DeleteRows(turn, peer);
        }

        foreach (var waiter in peer.SessionWaiters ?? [])
        {
            waiter.Settle(EngineErrorCode.PeerUnknown);
            turn.Settled.Add(waiter);
        }

        turn.Snapshots.Remove(peer);
        Leave(peer);
        _parked.Expect(peer.Key);
        turn.AfterDurable.Add(() =>
        {
            peer.State.Erase();
            peer.Vault?.Dispose();
            PostInternal(new TurnWork(_ => Left(peer.Key)));
        });
    }

    private void Enter(ResidentPeer peer)
    {
        _residents.Add(peer);
        _environment.Lookup.Add(peer);
    }

    private void Leave(ResidentPeer peer)
    {
        if (peer.HasLeft)
        {
            return;     // a batch behind the one that forgot it found it by an epoch
        }

        _residents.Remove(peer);
        peer.HasLeft = true;
        _environment.Lookup.Forget(peer);
    }

    private void Remove(ResidentPeer peer)
    {
        Leave(peer);
        peer.Sending = null;
        foreach (var session in peer.State.Sessions)
        {
            foreach (var epoch in session.Epochs)
            {
                if (_traffic.Find(epoch.LocalIndex) is { } traffic)
                {
                    _traffic.Remove(traffic);
                    traffic.Dispose();
                }
            }
        }

        peer.State.Erase();
        peer.Vault?.Dispose();
    }

    /// <summary>Passivates peers when there are too many: a clock hand passes over those used since its last round.</summary>
    private void MakeRoom(ShardTurn turn)
    {
        var excess = _residents.Count - ResidentMax;
        var looksMax = Math.Max(LooksPerTurnMin, 2 * excess);
        var goesOn = false;
        for (var looked = 0; excess > 0 && looked < looksMax && _residents.Count > 0; looked++)
        {
            var peer = _residents.Next();
            if (peer.Touched)
            {
                peer.Touched = false;
                goesOn |= IsIdle(peer);
                continue;
            }

            if (!IsIdle(peer))
            {
                continue;
            }

            if (peer.State.Sending?.Current.Traffic is EpochTraffic traffic && AskIfUnheard(traffic, turn.Input.Wall))
            {
                continue;       // that is on its way, and the peer stays for the answer
            }

            excess--;
            if (peer.IsDirty || CountsChanged(peer) || !ExactWindows.TryClose(peer))
            {
                turn.Snapshots.Add(peer);       // leaves on a later round, when its snapshot is durable
                turn.Leaving.Add(peer);
                goesOn = true;
            }
            else
            {
                Remove(peer);
            }
        }

        if (goesOn)
        {
            // The bound holds without further traffic, too: another round once this batch is performed.
            turn.Add(new TurnWork(_ => { }, () => PostInternal(new TurnWork(_ => { }))));
        }
    }

    private static bool CountsChanged(ResidentPeer peer) =>
        peer.State.Sending?.Current is { Traffic: EpochTraffic traffic } epoch
        && (traffic.Counts() != epoch.Counts || traffic.Unheard != epoch.Unheard);

    private static bool IsIdle(ResidentPeer peer) =>
        peer.Staging is null && Volatile.Read(ref peer.TurnsOpen) == 0 && peer.State.Handshakes is null
        && peer.State.Outgoing.Count == 0 && peer.SessionWaiters is null && !HoldsMessages(peer)
        && peer.State.SendingDoubtedSince is null && peer.State.Sessions.TrueForAll(IsAtRest);

    /// <summary>Says that a session waits for nothing that only this process measures. One that waits for the peer to use it, or its
    /// successor, may wait for ever, and does so in the store as well.</summary>
    private static bool IsAtRest(SessionState session) =>
        session.Pending is null && session.Previous is null && session.RetireAt == MonotonicMillis.Never;

    /// <summary>Says whether the application has messages that it has not settled. Loaded again, they would be handed out again.</summary>
    private static bool HoldsMessages(ResidentPeer peer) =>
        peer.IsHandingOut && (peer.IsHandingOut = peer.State.Incoming.Unhandled.Any(message => message.HandedOut));
}

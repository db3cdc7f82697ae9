using Kyberium.Engine;
using Kyberium.Simulation.Nodes;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Checkers;

/// <summary>Promise 7: queues, boxes and what is in memory stay within their bounds.</summary>
internal sealed class BoundsChecker(SimulatedWorld world)
{
    // templates/simulation.json says so too.
    private const int OutboxCountMax = 48;
    private const int InboxCountMax = 24;

    // Two sessions that both sides started at once, each with a current, a previous and a pending epoch; and one succession later.
    private const int EpochsPerPeerMax = 12;

    internal void Showed(string process, PeerInfo info)
    {
        Holds(info.OutboxCount <= OutboxCountMax, $"{process}: {info.OutboxCount} messages wait for {info.Peer}");
        Holds(info.InboxCount <= InboxCountMax, $"{process}: {info.InboxCount} messages of {info.Peer} wait");
    }

    /// <summary>Looks at an engine between two steps.</summary>
    internal void Look(SimulatedNode node, Scenario scenario)
    {
        if (!node.IsUp)
        {
            return;
        }

        foreach (var shard in node.Engine!.RunningShards)
        {
            Holds(shard.MailboxCount <= scenario.MailboxCountMax, $"{node.Name}: {shard.MailboxCount} commands in a mailbox");
            Holds(
                shard.TrafficCount <= EpochsPerPeerMax * scenario.Nodes,
                $"{node.Name}: {shard.TrafficCount} epochs in memory for {scenario.Nodes - 1} peers");
        }
    }

    /// <summary>Looks at an engine that had nothing to do for a while.</summary>
    internal void LookWhenIdle(SimulatedNode node, IReadOnlyList<SimulatedNode> all, Scenario scenario)
    {
        foreach (var shard in node.Engine!.RunningShards)
        {
            var most = Math.Max(1, scenario.ResidentPeersMax / scenario.Shards);
            Holds(shard.ResidentCount <= most, $"{node.Name}: {shard.ResidentCount} idle peers in memory, {most} allowed: {Describe(shard, all)}");
            Holds(
                shard.TrafficCount <= 2 * shard.ResidentCount,
                $"{node.Name}: {shard.TrafficCount} epochs in memory for {shard.ResidentCount} idle peers: {Describe(shard, all)}");
        }
    }

    private static string Describe(Kyberium.Engine.Shards.Shard shard, IReadOnlyList<SimulatedNode> all) => string.Join("; ", all
        .Select(other => shard.FindResident(new Kyberium.Engine.Sessions.PeerKey(IdentityName.Default, other.PeerId)))
        .OfType<Kyberium.Engine.Shards.ResidentPeer>()
        .Select(peer => $"{peer.Key.Peer}: {peer.State.Outgoing.Count} out, handshakes {peer.State.Handshakes is not null}, waiters {peer.SessionWaiters?.Count}, "
            + $"handing out {peer.IsHandingOut}, commits {peer.CommitsOpen}, touched {peer.Touched}, sessions "
            + string.Join(", ", peer.State.Sessions.Select(session => $"{session.Id} e{session.Current.Number.Value}"
                + $"{(session == peer.State.Sending ? " sends" : "")}{(session.Superseded ? " superseded" : "")}{(session.AwaitsUse ? " awaits use" : "")}"
                + $"{(session.Pending is null ? "" : " pending")}{(session.Previous is null ? "" : " previous")}"))));

    private void Holds(bool condition, string what)
    {
        if (!condition)
        {
            world.Violate("promise 7", what);
        }
    }
}

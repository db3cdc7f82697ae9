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
    private const string TightTemplate = "simulation-tight@1";
    private const int TightOutboxCountMax = 12;
    private const int TightInboxCountMax = 6;

    // Two sessions that both sides started at once, each with a current, a previous and a pending epoch; and one succession later.
    private const int EpochsPerPeerMax = 12;

    private const int IdleSessionsMax = 2;

    private readonly Dictionary<(string Process, string Peer), (int Outbox, int Inbox)> _showed = [];

    internal void Showed(string process, PeerInfo info)
    {
        var (outbox, inbox) = info.Template == TightTemplate ? (TightOutboxCountMax, TightInboxCountMax) : (OutboxCountMax, InboxCountMax);
        var before = _showed.GetValueOrDefault((process, info.Peer.Value), (OutboxCountMax, InboxCountMax));
        _showed[(process, info.Peer.Value)] = (Math.Max(outbox, info.OutboxCount), Math.Max(inbox, info.InboxCount));

        // What waited when a policy set a smaller bound may stay; nothing is added to it.
        Holds(info.OutboxCount <= Math.Max(outbox, before.Item1), $"{process}: {info.OutboxCount} messages wait for {info.Peer} under {info.Template}");
        Holds(info.InboxCount <= Math.Max(inbox, before.Item2), $"{process}: {info.InboxCount} messages of {info.Peer} wait under {info.Template}");
        Holds(info.Pins.Count is 1 or 2, $"{process}: {info.Pins.Count} pins of {info.Peer}");
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
    /// <param name="keysChange">Whether identities were replaced: of each a session may be left that its initiator never came back to.</param>
    internal void LookWhenIdle(SimulatedNode node, IReadOnlyList<SimulatedNode> all, Scenario scenario, bool keysChange)
    {
        var sessionsMax = keysChange ? Kyberium.Engine.Sessions.Ratchet.SessionRules.SessionCountMax : IdleSessionsMax;
        foreach (var shard in node.Engine!.RunningShards)
        {
            var most = Math.Max(1, scenario.ResidentPeersMax / scenario.Shards);
            Holds(shard.ResidentCount <= most, $"{node.Name}: {shard.ResidentCount} idle peers in memory, {most} allowed: {Describe(shard, all)}");
            Holds(
                shard.TrafficCount <= sessionsMax * shard.ResidentCount,
                $"{node.Name}: {shard.TrafficCount} epochs in memory for {shard.ResidentCount} idle peers: {Describe(shard, all)}");
        }
    }

    private static string Describe(Kyberium.Engine.Shards.Shard shard, IReadOnlyList<SimulatedNode> all) => string.Join("; ", all
        .Select(other => shard.FindResident(new Kyberium.Engine.Sessions.PeerKey(IdentityName.Default, other.PeerId)))
        .OfType<Kyberium.Engine.Shards.ResidentPeer>()
        .Select(peer => $"{peer.Key.Peer}: {peer.State.Outgoing.Count} out, handshakes {peer.State.Handshakes is not null}, waiters {peer.SessionWaiters?.Count}, "
            + $"handing out {peer.IsHandingOut}, turns {peer.TurnsOpen}, touched {peer.Touched}, sessions "
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

using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>Looks whether the sessions that seal are heard in, and has those peers asked that were silent for long.</summary>
internal sealed partial class Shard
{
    /// <summary>How often sessions in memory are looked at whether they are heard in.</summary>
    private const long LookMillis = PeerLimits.UnheardMillis / 3;

    private long _lookedAt;

    /// <summary>Volatile records ask for no answer: of a peer that has lost its session, and is only ever sent such, this alone tells.
    /// Who leaves memory between two looks is looked at then.</summary>
    private void LookForUnheard()
    {
        var now = _environment.Scheduler.MonotonicMillis;
        if (now - _lookedAt < LookMillis)
        {
            return;
        }

        _lookedAt = now;
        var wall = new UnixMillis(_environment.Scheduler.UnixMillis);
        foreach (var traffic in _traffic.ToArray())
        {
            if (traffic.Peer.Sending == traffic)
            {
                AskIfUnheard(traffic, wall);
            }
        }
    }

    /// <summary>Looks whether an epoch that seals is heard in, and has the peer asked when it was not for long.</summary>
    /// <returns>Whether the peer is asked.</returns>
    private bool AskIfUnheard(EpochTraffic traffic, UnixMillis now)
    {
        var isUnheard = traffic.IsUnheard(now);
        if (isUnheard)
        {
            PostInternal(new SilentPeerWork(traffic.Peer.Key, new PeerCommand.Unheard(traffic.Epoch.LocalIndex)));
        }

        return isUnheard;
    }
}

namespace Kyberium.Engine.PostgreSql.Cluster;

/// <summary>Where a node stands with its lease. Times are of its own monotonic clock.</summary>
/// <remarks>
/// <code>
///  Out ──joined──▶ Held ──renewed──▶ Held
///   ▲                │
///   └── over by its own clock, or refused by the database ──┘      (a lease that is over never holds again)
/// </code>
/// </remarks>
internal abstract record LeaseState
{
    /// <summary>The node has no lease and may ask for one from <paramref name="NotBefore"/> on.</summary>
    /// <param name="NotBefore">When it may ask.</param>
    /// <param name="Previous">The incarnation it had in this process; 0 before the first.</param>
    internal sealed record Out(TimeSpan NotBefore, long Previous) : LeaseState;

    /// <summary>The node has a lease.</summary>
    /// <param name="Incarnation">Its life in the cluster.</param>
    /// <param name="Length">How long the database makes a lease.</param>
    /// <param name="ValidUntil">When the node stops, well before the lease is over.</param>
    /// <param name="NextRenewal">When it renews.</param>
    internal sealed record Held(long Incarnation, TimeSpan Length, TimeSpan ValidUntil, TimeSpan NextRenewal) : LeaseState;
}

/// <summary>What is to be done about a lease.</summary>
internal enum LeaseAct
{
    /// <summary>Nothing until the time given.</summary>
    Wait,

    /// <summary>Ask for one.</summary>
    Join,

    /// <summary>Renew it.</summary>
    Renew,

    /// <summary>Stop everything: it can no longer be relied on.</summary>
    Stop,
}

/// <summary>Decides about a lease: times in, decisions out.</summary>
/// <remarks>The database counts a lease from when it works on the renewal, the node from when it had sent it, which was before. So by the same
/// rate of clocks the node's end comes first, and <see cref="Margin"/> is what clocks may differ by, and answers may be on their way for.</remarks>
internal static class LeaseRules
{
    internal static LeaseState Begin(TimeSpan now) => new LeaseState.Out(now, 0);

    /// <summary>Gets what a node gives away of its lease: a tenth.</summary>
    internal static TimeSpan Margin(TimeSpan length) => length / 10;

    internal static (LeaseAct Act, TimeSpan Until) Decide(LeaseState state, TimeSpan now) => state switch
    {
        LeaseState.Out(var notBefore, _) => now >= notBefore ? (LeaseAct.Join, now) : (LeaseAct.Wait, notBefore),
        LeaseState.Held held when now >= held.ValidUntil => (LeaseAct.Stop, now),
        LeaseState.Held held when now >= held.NextRenewal => (LeaseAct.Renew, now),
        LeaseState.Held held => (LeaseAct.Wait, held.NextRenewal < held.ValidUntil ? held.NextRenewal : held.ValidUntil),
        _ => throw new InvalidOperationException($"no rule for {state}"),
    };

    /// <summary>The database made the node a member, by a call that was sent at <paramref name="sentAt"/>.</summary>
    internal static LeaseState Joined(long incarnation, TimeSpan length, TimeSpan sentAt, TimeSpan now) =>
        After(new LeaseState.Held(incarnation, length, sentAt + length - Margin(length), sentAt + (length / 3)), now);

    /// <summary>The database renewed, by a call that was sent at <paramref name="sentAt"/>.</summary>
    internal static LeaseState Renewed(LeaseState.Held held, TimeSpan sentAt, TimeSpan now)
    {
        var next = Joined(held.Incarnation, held.Length, sentAt, now);
        return now >= held.ValidUntil ? Over(held, now) : next;     // it was over meanwhile, and stays so
    }

    /// <summary>Nobody knows whether the database renewed.</summary>
    internal static LeaseState Unanswered(LeaseState.Held held, TimeSpan now) => After(held with { NextRenewal = now + (held.Length / 10) }, now);

    /// <summary>The lease is over: by the node's clock, or the database has said so.</summary>
    internal static LeaseState Over(LeaseState.Held held, TimeSpan now) => new LeaseState.Out(now, held.Incarnation);

    /// <summary>The database did not answer, or another node of this name has its lease for <paramref name="wait"/> yet.</summary>
    internal static LeaseState NotJoined(LeaseState.Out state, TimeSpan now, TimeSpan wait) => state with { NotBefore = now + wait };

    private static LeaseState After(LeaseState.Held held, TimeSpan now) => now >= held.ValidUntil ? Over(held, now) : held;
}

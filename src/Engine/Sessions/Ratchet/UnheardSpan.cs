namespace Kyberium.Engine.Sessions.Ratchet;

/// <summary>For how long records have gone out in an epoch while none came in, as looks at it found (docs/decisions/0015).</summary>
/// <param name="FirstSeconds">The first of these looks, in seconds since 1970; 0: there was none.</param>
/// <param name="LastSeconds">The last of them.</param>
/// <remarks>Wall clock, since it outlives the process. A clock that went back begins the span anew; one that went ahead costs a rekey.</remarks>
internal readonly record struct UnheardSpan(uint FirstSeconds, uint LastSeconds)
{
    private const uint LongSeconds = (uint)(PeerLimits.UnheardMillis / 1_000);

    /// <summary>Gets whether it is long enough for the peer to be asked.</summary>
    internal bool IsLong => LastSeconds - FirstSeconds >= LongSeconds;

    /// <summary>Gives the span up to a further look that found the same. After a longer pause it is another one: a record now and then,
    /// an acknowledgement for each time that a peer is brought into memory, asks nothing of anybody.</summary>
    internal UnheardSpan Through(UnixMillis now)
    {
        var at = (uint)Math.Clamp(now.Value / 1_000, 1, uint.MaxValue);
        return FirstSeconds == 0 || at < LastSeconds || at - LastSeconds > LongSeconds ? new UnheardSpan(at, at) : this with { LastSeconds = at };
    }
}

namespace Kyberium.Engine.Sessions;

/// <summary>What a peer does when it is handed a handshake that is not chained to a live session.</summary>
internal enum UnchainedHandshake
{
    /// <summary>Accept it; it is reported as a security event.</summary>
    Allow = 0,

    /// <summary>Accept it, but keep queued messages back until an operator agrees.</summary>
    Hold = 1,

    /// <summary>Do not answer it while a session is live.</summary>
    Refuse = 2,
}

/// <summary>The numbers a peer's machine works with: its frozen policy and the engine's settings, already checked.</summary>
internal sealed record PeerLimits
{
    /// <summary>Gets the suites allowed, most preferred first. Never empty.</summary>
    internal required IReadOnlyList<Suite> Suites { get; init; }

    internal UnchainedHandshake Unchained { get; init; } = UnchainedHandshake.Allow;

    internal long EpochAgeMillis { get; init; } = 24L * 3_600_000;

    internal long EpochAgeMillisMax { get; init; } = 30L * 3_600_000;

    /// <summary>Gets how long an epoch or session that was succeeded still opens (PROTOCOL section 2: 180 s).</summary>
    internal long PreviousKeptMillis { get; init; } = 180_000;

    internal long HandshakeTimeoutMillis { get; init; } = 10_000;

    internal long HandshakeResendMillis { get; init; } = 500;

    /// <summary>Gets the wait after the first attempt at a session that came to nothing; doubles with each.</summary>
    internal long HandshakeBackoffMillis { get; init; } = 1_000;

    /// <summary>Gets the longest wait between two attempts at a session that messages wait for.</summary>
    internal long HandshakeBackoffMillisMax { get; init; } = 60_000;

    internal int HalfOpenCountMax { get; init; } = 8;

    internal long ResendMillis { get; init; } = 200;

    internal long ResendMillisMax { get; init; } = 30_000;

    /// <summary>Gets by what part a wait is shortened or lengthened at random, 0 to 1.</summary>
    internal double ResendJitter { get; init; } = 0.2;

    internal int InFlightCountMax { get; init; } = 256;

    internal int EarlyCountMax { get; init; } = 256;

    /// <summary>Gets how long a message that came before its turn may stand for the copies that follow it: two of the longest waits between them.</summary>
    internal long EarlyKeptMillis => 2 * ResendMillisMax;

    internal int OutboxCountMax { get; init; } = 100_000;

    internal long OutboxBytesMax { get; init; } = 256L << 20;

    internal int InboxCountMax { get; init; } = 10_000;

    internal long InboxBytesMax { get; init; } = 64L << 20;

    internal int PayloadBytesMax { get; init; } = 1 << 20;

    /// <summary>Gets how long a message waits for its acknowledgement when its sender says nothing; 0: for ever.</summary>
    internal long MessageExpiryMillis { get; init; }

    /// <summary>Gets how often a handler may fail at one message before it is set aside.</summary>
    internal int HandlerAttemptsMax { get; init; } = 5;

    /// <summary>Gets how long what was sent may stay unanswered before a rekey is tried.</summary>
    internal long UnansweredRekeyMillis { get; init; } = 180_000;

    /// <summary>For how long records may go out in a session in which none comes in, before the peer is asked whether it still has it.</summary>
    internal const long UnheardMillis = 900_000;

    /// <summary>Gets how long what was sent may stay unanswered before a new session is tried.</summary>
    internal long UnansweredRestartMillis { get; init; } = 900_000;
}

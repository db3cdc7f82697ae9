using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>How sessions are established. HOCON: <c>kyberium.engine.handshake</c>.</summary>
public sealed class HandshakeOptions
{
    /// <summary>Gets or sets how long a caller waits for a session. Default 10 s; 100 ms to 5 min.</summary>
    /// <remarks>HOCON: <c>timeout</c>. Long enough for a few lost messages over a slow link.</remarks>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets how many half-open handshakes one source may have. Default 16; 1 to
    /// <see cref="HalfOpenMax"/>.</summary>
    /// <remarks>HOCON: <c>half-open-per-source-max</c>. One source cannot take the places of all others.</remarks>
    public int HalfOpenPerSourceMax { get; set; } = 16;

    /// <summary>Gets or sets how many half-open handshakes there may be. Above half of it a cookie is asked for.
    /// Default 4,096; 1 to 1,000,000.</summary>
    /// <remarks>HOCON: <c>half-open-max</c>. Bounds what strangers can make this node remember: about 4 KiB
    /// each.</remarks>
    public int HalfOpenMax { get; set; } = 4_096;

    /// <summary>Gets or sets how many first messages of strangers are answered per second. Default 500; 1 to
    /// 100,000.</summary>
    /// <remarks>HOCON: <c>attempts-per-second</c>. Each costs about 0.2 ms of one core: the default leaves nine tenths
    /// of it to traffic.</remarks>
    public int AttemptsPerSecond { get; set; } = 500;

    /// <summary>Gets or sets how many ephemeral key pairs are made ahead. 0 makes each when it is needed. Default 32; 0
    /// to 4,096.</summary>
    /// <remarks>HOCON: <c>ephemeral-pool-count</c>. Takes key generation out of the way of a handshake; each is 1.3 KiB
    /// and used once.</remarks>
    public int EphemeralPoolCount { get; set; } = 32;

    /// <summary>Gets or sets how long after an unanswered attempt the next one starts. Default 1 s; 100 ms to
    /// <see cref="RetryMax"/>.</summary>
    /// <remarks>HOCON: <c>retry-initial</c>. Doubles with each attempt.</remarks>
    public TimeSpan RetryInitial { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets what the wait between attempts grows to. Default 60 s; 100 ms to 1 h.</summary>
    /// <remarks>HOCON: <c>retry-max</c>. A peer that comes back is found within a minute.</remarks>
    public TimeSpan RetryMax { get; set; } = TimeSpan.FromSeconds(60);

    internal void Check(OptionProblems problems)
    {
        problems.InRange(
            Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5), "kyberium.engine.handshake.timeout");
        problems.InRange(HalfOpenPerSourceMax, 1, HalfOpenMax, "kyberium.engine.handshake.half-open-per-source-max");
        problems.InRange(HalfOpenMax, 1, 1_000_000, "kyberium.engine.handshake.half-open-max");
        problems.InRange(AttemptsPerSecond, 1, 100_000, "kyberium.engine.handshake.attempts-per-second");
        problems.InRange(EphemeralPoolCount, 0, 4_096, "kyberium.engine.handshake.ephemeral-pool-count");
        problems.InRange(
            RetryInitial, TimeSpan.FromMilliseconds(100), RetryMax, "kyberium.engine.handshake.retry-initial");
        problems.InRange(
            RetryMax, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1), "kyberium.engine.handshake.retry-max");
    }

    internal HandshakeSettings ToSettings() =>
        new(Timeout, HalfOpenPerSourceMax, HalfOpenMax, AttemptsPerSecond, EphemeralPoolCount, RetryInitial, RetryMax);
}

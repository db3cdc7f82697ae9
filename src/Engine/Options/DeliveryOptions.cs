using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>How durable messages are sent again. HOCON: <c>kyberium.engine.delivery</c>.</summary>
public sealed class DeliveryOptions
{
    /// <summary>Gets or sets the shortest wait before a message is sent again. Default 200 ms; 10 ms to
    /// <see cref="ResendMax"/>.</summary>
    /// <remarks>HOCON: <c>resend-initial</c>. The floor for every template of this node: the longer of the two
    /// counts. Where the measured round trip, flushes of the peer included, is longer, that counts.</remarks>
    public TimeSpan ResendInitial { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Gets or sets what the wait between resends grows to at most. Default 30 s; 10 ms to 1 h.</summary>
    /// <remarks>HOCON: <c>resend-max</c>. The ceiling for every template of this node: the shorter of the two
    /// counts.</remarks>
    public TimeSpan ResendMax { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets which part of a wait is random. Default 0.2; 0 to 1.</summary>
    /// <remarks>HOCON: <c>resend-jitter</c>. Peers that lost a link together do not come back together.</remarks>
    public double ResendJitter { get; set; } = 0.2;

    /// <summary>Gets or sets how many messages that overtook others are kept per peer. Default 256; 0 to
    /// 4,096.</summary>
    /// <remarks>HOCON: <c>early-count-max</c>. What is not kept is sent again.</remarks>
    public int EarlyCountMax { get; set; } = 256;

    /// <summary>Gets or sets how many messages per peer are sent and not acknowledged. Default 512; 1 to
    /// 65,536.</summary>
    /// <remarks>HOCON: <c>in-flight-count-max</c>. With 50 ms of round trip the default allows 10,000 messages per
    /// second and peer.</remarks>
    public int InFlightCountMax { get; set; } = 512;

    /// <summary>Gets or sets how often the application may fail a message before it is set aside. Default 5; 1 to
    /// 100.</summary>
    /// <remarks>HOCON: <c>handler-attempts-max</c>. The ceiling for every template of this node: the smaller of the two
    /// counts.</remarks>
    public int HandlerAttemptsMax { get; set; } = 5;

    internal void Check(OptionProblems problems)
    {
        problems.InRange(
            ResendInitial, TimeSpan.FromMilliseconds(10), ResendMax, "kyberium.engine.delivery.resend-initial");
        problems.InRange(
            ResendMax, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1), "kyberium.engine.delivery.resend-max");
        problems.InRange(ResendJitter, 0, 1, "kyberium.engine.delivery.resend-jitter");
        problems.InRange(EarlyCountMax, 0, 4_096, "kyberium.engine.delivery.early-count-max");
        problems.InRange(InFlightCountMax, 1, 65_536, "kyberium.engine.delivery.in-flight-count-max");
        problems.InRange(HandlerAttemptsMax, 1, 100, "kyberium.engine.delivery.handler-attempts-max");
    }

    internal DeliverySettings ToSettings() =>
        new(ResendInitial, ResendMax, ResendJitter, EarlyCountMax, InFlightCountMax, HandlerAttemptsMax);
}

namespace Kyberium.Engine.Settings;

/// <summary>How durable messages are sent again. Validated and immutable.</summary>
internal sealed record DeliverySettings(
    TimeSpan ResendInitial, TimeSpan ResendMax, double ResendJitter, int EarlyCountMax,
    int InFlightCountMax, int HandlerAttemptsMax);

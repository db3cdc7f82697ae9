namespace Kyberium.Engine.Settings;

/// <summary>How sessions are established. Validated and immutable.</summary>
internal sealed record HandshakeSettings(
    TimeSpan Timeout, int HalfOpenPerSourceMax, int HalfOpenMax, int AttemptsPerSecond, int EphemeralPoolCount, TimeSpan
    RetryInitial, TimeSpan RetryMax);

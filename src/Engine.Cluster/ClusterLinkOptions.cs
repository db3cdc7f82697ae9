namespace Kyberium.Engine.Cluster;

/// <summary>How requests to other nodes wait, and how connections are kept.</summary>
public sealed class ClusterLinkOptions
{
    /// <summary>Gets or sets how many requests may wait for one node before further ones fail with <see cref="EngineErrorCode.Overloaded"/>;
    /// those that were sent are not among them. Default 16,384; 64 to 1,048,576.</summary>
    public int WaitingCountMax { get; init; } = 16_384;

    /// <summary>Gets or sets how long a connection may take to be made. Default 5 s; 100 ms to 1 min.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets the wait before the second attempt to connect; it doubles from there. Default 50 ms; 1 ms to 1 min.</summary>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Gets or sets the longest wait between attempts. Default 2 s; at least the first, at most 5 min.</summary>
    public TimeSpan ReconnectDelayMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets after how long a silence the other side is asked whether it is there. Default 2 s; 1 s to 1 min.</summary>
    public TimeSpan KeepAliveDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets how long it may take to say so; then the connection is given up. Default 2 s; 1 s to 1 min.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets the clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Check()
    {
        InRange(WaitingCountMax, 64, 1 << 20, nameof(WaitingCountMax));
        InRange(ConnectTimeout, 0.1, 60, nameof(ConnectTimeout));
        InRange(ReconnectDelay, 0.001, 60, nameof(ReconnectDelay));
        InRange(ReconnectDelayMax, ReconnectDelay.TotalSeconds, 300, nameof(ReconnectDelayMax));
        InRange(KeepAliveDelay, 1, 60, nameof(KeepAliveDelay));
        InRange(KeepAliveTimeout, 1, 60, nameof(KeepAliveTimeout));
    }

    internal static void InRange(int value, int min, int max, string name)
    {
        if (value < min || value > max)
        {
            throw LinkErrors.OptionInvalid(name, value, $"{min} to {max}");
        }
    }

    internal static void InRange(TimeSpan value, double minSeconds, double maxSeconds, string name)
    {
        if (!(value.TotalSeconds >= minSeconds && value.TotalSeconds <= maxSeconds))
        {
            throw LinkErrors.OptionInvalid(name, value, $"{TimeSpan.FromSeconds(minSeconds)} to {TimeSpan.FromSeconds(maxSeconds)}");
        }
    }
}

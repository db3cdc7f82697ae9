using System.Net;

namespace Kyberium.Engine.Cluster;

/// <summary>Where a node listens for the others of its cluster, and what it grants each of them.</summary>
public sealed class ClusterLinkServerOptions
{
    /// <summary>Gets or sets the address and port to listen at; port 0 takes a free one. Required.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Gets or sets how many requests one connection may have without an answer. Default 4,096; 1 to 65,536.</summary>
    public int RequestCountMax { get; init; } = 4_096;

    /// <summary>Gets or sets how many payload bytes these may hold; payloads of more than 16 KiB are counted by
    /// <see cref="LargeRequestCountMax"/> instead. Default 8 MiB; 16 KiB to 1 GiB.</summary>
    public int RequestBytesMax { get; init; } = 8 << 20;

    /// <summary>Gets or sets how many requests with payloads of more than 16 KiB one connection may have without an answer. Default 8; 1 to
    /// 1,024.</summary>
    public int LargeRequestCountMax { get; init; } = 8;

    /// <summary>Gets or sets how long a payload may be, asked and answered. Default 2 MiB; 1 byte to 16 MiB.</summary>
    public int PayloadBytesMax { get; init; } = 2 << 20;

    /// <summary>Gets or sets how many bytes of answers may wait for a caller that reads slowly before nothing more is read from it. Default
    /// 4 MiB; 64 KiB to 1 GiB.</summary>
    public int AnswerBytesMax { get; init; } = 4 << 20;

    /// <summary>Gets or sets how many connections there may be. Default 1,024; 1 to 65,536.</summary>
    public int ConnectionCountMax { get; init; } = 1_024;

    /// <summary>Gets or sets after how long a silence a caller is asked whether it is there, and how long it may take to say so. Default 5 s;
    /// 1 s to 1 min.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how long requests may take to end when the server is disposed. Default 5 s; 0 to 5 min.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets the clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Check()
    {
        ArgumentNullException.ThrowIfNull(Listen);
        ClusterLinkOptions.InRange(RequestCountMax, 1, 65_536, nameof(RequestCountMax));
        ClusterLinkOptions.InRange(RequestBytesMax, 16 << 10, 1 << 30, nameof(RequestBytesMax));
        ClusterLinkOptions.InRange(LargeRequestCountMax, 1, 1_024, nameof(LargeRequestCountMax));
        ClusterLinkOptions.InRange(PayloadBytesMax, 1, 16 << 20, nameof(PayloadBytesMax));
        ClusterLinkOptions.InRange(AnswerBytesMax, 64 << 10, 1 << 30, nameof(AnswerBytesMax));
        ClusterLinkOptions.InRange(ConnectionCountMax, 1, 65_536, nameof(ConnectionCountMax));
        ClusterLinkOptions.InRange(KeepAliveTimeout, 1, 60, nameof(KeepAliveTimeout));
        ClusterLinkOptions.InRange(DrainTimeout, 0, 300, nameof(DrainTimeout));
    }
}

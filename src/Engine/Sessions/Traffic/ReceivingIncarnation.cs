using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Traffic;

/// <summary>What is kept in memory of one incarnation of the peer's. Guarded by the session's lock.</summary>
internal sealed class ReceivingIncarnation(Incarnation id, ulong floor) : IDisposable
{
    /// <summary>How much of it every record reads, about.</summary>
    internal const int LookedAt = 104;

    private ReplayWindow _window = new(floor);
    private TrafficCipher _cipher;

    internal Incarnation Id => id;

    /// <summary>Gets or sets one above the highest sequence that may be shown; durable.</summary>
    internal ulong ReservedEnd { get; set; } = floor;

    /// <summary>Gets or sets when it was last used, in records of the epoch; the least is closed or unkeyed first.</summary>
    internal ulong LastUse { get; set; }

    /// <summary>Gets or sets whether it waits for its close to become durable.</summary>
    internal bool IsClosing { get; set; }

    internal ref TrafficCipher Cipher => ref _cipher;

    internal ref ReplayWindow Window => ref _window;

    internal void ReleaseKeys()
    {
        _cipher.Dispose();
        _cipher = default;
        _window.Compact();
    }

    public void Dispose() => ReleaseKeys();
}

namespace Kyberium.Engine.Cluster.Links;

/// <summary>How long to wait before a connection is tried again: doubling, capped, and spread so that nodes do not all come at once.</summary>
/// <param name="FirstMillis">Before the second attempt.</param>
/// <param name="MaxMillis">The cap.</param>
internal readonly record struct ReconnectDelay(int FirstMillis, int MaxMillis)
{
    /// <param name="failures">How many attempts have failed in a row, 1 or more.</param>
    /// <param name="spread">Drawn evenly from 0 to 1: the delay is half its full length to its full length.</param>
    internal TimeSpan After(int failures, double spread)
    {
        var full = Math.Min(MaxMillis, FirstMillis * Math.Pow(2, Math.Min(failures - 1, 30)));
        return TimeSpan.FromMilliseconds(full * (0.5 + (0.5 * spread)));
    }
}

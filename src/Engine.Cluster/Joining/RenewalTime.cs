namespace Kyberium.Engine.Cluster.Joining;

/// <summary>When a certificate is renewed.</summary>
internal static class RenewalTime
{
    private static readonly TimeSpan RetryMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryMax = TimeSpan.FromMinutes(5);

    /// <summary>Says how long to wait: until half its life is over, give or take a tenth so that nodes do not all come at once; after a failure
    /// doubling from one second to five minutes.</summary>
    /// <param name="failures">How many attempts have failed in a row.</param>
    /// <param name="spread">Drawn evenly from 0 to 1.</param>
    internal static TimeSpan Until(DateTimeOffset now, DateTimeOffset notBefore, DateTimeOffset notAfter, int failures, double spread)
    {
        if (failures > 0)
        {
            var full = RetryMin * Math.Pow(2, Math.Min(failures - 1, 20));
            return (full < RetryMax ? full : RetryMax) * (0.5 + (0.5 * spread));
        }

        var due = notBefore + ((notAfter - notBefore) * (0.45 + (0.1 * spread)));
        return due > now ? due - now : TimeSpan.Zero;
    }
}

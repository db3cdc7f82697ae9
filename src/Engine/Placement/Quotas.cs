namespace Kyberium.Engine.Placement;

/// <summary>How many shards of a class each member shall have: its share by weight, rounded so that most shards stay.</summary>
internal static class Quotas
{
    /// <summary>Sets the quotas; they add up to <paramref name="count"/>.</summary>
    /// <param name="shares">One for each member, by name; at least one.</param>
    /// <param name="count">Shards to share out, those that wishes hold in place among them.</param>
    internal static void Set(Share[] shares, int count)
    {
        var open = shares;
        long left = count, weights;
        while (true)
        {
            // Whom wishes give more than his share has that many, and the others share the rest.
            weights = open.Sum(static share => (long)share.Member.Member.Weight);
            var (leftNow, weightsNow) = (left, weights);
            var full = open.Where(share => share.PinnedCount * weightsNow > leftNow * share.Member.Member.Weight).ToArray();
            if (full.Length == 0)
            {
                break;
            }

            foreach (var share in full)
            {
                share.Quota = share.PinnedCount;
                left -= share.PinnedCount;
            }

            open = [.. open.Except(full)];
        }

        Round(open, left, weights);
    }

    private static void Round(Share[] shares, long count, long weights)
    {
        foreach (var share in shares)
        {
            share.Quota = (int)(count * share.Member.Member.Weight / weights);
        }

        var more = (int)(count - shares.Sum(static share => (long)share.Quota));
        foreach (var share in shares
            .Where(share => count * share.Member.Member.Weight % weights != 0)
            .OrderByDescending(static share => share.PinnedCount + share.Own.Count > share.Quota)
            .ThenByDescending(static share => share.PinnedCount + share.Own.Count + share.Promised.Count > share.Quota)
            .ThenByDescending(share => count * share.Member.Member.Weight % weights)
            .ThenBy(static share => share.Member.Total)
            .ThenByDescending(static share => share.Member.Member.Version)
            .ThenBy(static share => share.Member.Rank)
            .Take(more))
        {
            share.Quota++;
        }
    }
}

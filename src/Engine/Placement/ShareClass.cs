namespace Kyberium.Engine.Placement;

/// <summary>The shards that the same members may have, shared out evenly among those.</summary>
internal sealed class ShareClass(string? role, IReadOnlyList<Candidate> able)
{
    internal string? Role => role;

    internal List<ShardSlot> Slots { get; } = [];

    /// <summary>Gives each shard its target: <see langword="null"/> where nobody may have it.</summary>
    internal void Settle(WishList wishes)
    {
        var receivers = able.Where(member => !wishes.IsDrained(member)).ToList();
        if (receivers.Count == 0)
        {
            // A drain that would leave shards to nobody does not hold for these.
            receivers = [.. able];
            receivers.ForEach(member => wishes.KeepFor(member, role));
        }

        var shares = receivers.ToDictionary(static member => member, static member => new Share(member));
        var pool = new List<ShardSlot>();
        foreach (var slot in Slots)
        {
            Place(slot, shares, pool);
        }

        if (shares.Count == 0)
        {
            return;
        }

        var ordered = shares.Values.OrderBy(static share => share.Member.Rank).ToArray();
        Quotas.Set(ordered, ordered.Sum(static share => share.PinnedCount + share.Own.Count + share.Promised.Count) + pool.Count);
        var average = Slots.Sum(static slot => slot.Load) / ordered.Sum(static share => (double)share.Member.Member.Weight);
        foreach (var share in ordered)
        {
            share.Keep(pool, average);
            share.Member.Total += share.Quota;
        }

        GiveOut(shares, ordered, pool);
    }

    private static void Place(ShardSlot slot, Dictionary<Candidate, Share> shares, List<ShardSlot> pool)
    {
        if (slot.Owner is { IsFrozen: true })
        {
            slot.Target = slot.Owner;
        }
        else if (slot.Wished is { } wished)
        {
            slot.Target = wished;
            if (shares.TryGetValue(wished, out var share))
            {
                share.Pin(slot);
            }
        }
        else if (slot.Owner is { } owner && shares.TryGetValue(owner, out var own))
        {
            own.Own.Add(slot);
        }
        else if (slot is { Owner: null, Planned: { } planned } && shares.TryGetValue(planned, out var promised))
        {
            promised.Promised.Add(slot);
        }
        else
        {
            pool.Add(slot);
        }
    }

    /// <summary>Gives the pool to those who lack shards: moves that are under way first, then the heaviest shard to the lightest member.</summary>
    private static void GiveOut(Dictionary<Candidate, Share> shares, Share[] ordered, List<ShardSlot> pool)
    {
        var rest = new List<ShardSlot>(pool.Count);
        foreach (var slot in pool)
        {
            if (slot.Planned is { } planned && planned != slot.Owner && shares.TryGetValue(planned, out var share) && share.Lacking > 0)
            {
                share.Give(slot);
            }
            else
            {
                rest.Add(slot);
            }
        }

        var queue = new PriorityQueue<Share, Share>(ordered.Where(static share => share.Lacking > 0).Select(static share => (share, share)), Share.Lighter);
        foreach (var slot in rest.OrderByDescending(static slot => slot.Load))      // stable: among equals by group and number
        {
            var lightest = queue.Dequeue();
            lightest.Give(slot);
            if (lightest.Lacking > 0)
            {
                queue.Enqueue(lightest, lightest);
            }
        }
    }
}

/// <summary>One member's part of a class.</summary>
internal sealed class Share(Candidate member)
{
    internal static readonly IComparer<Share> Lighter = Comparer<Share>.Create(static (left, right) =>
    {
        var by = (left._load * right.Member.Member.Weight).CompareTo(right._load * left.Member.Member.Weight);
        by = by != 0 ? by : right.Member.Member.Version.CompareTo(left.Member.Member.Version);
        return by != 0 ? by : left.Member.Rank.CompareTo(right.Member.Rank);
    });

    private int _count;
    private double _load;

    internal Candidate Member => member;

    /// <summary>Gets the shards that are here and may go.</summary>
    internal List<ShardSlot> Own { get; } = [];

    /// <summary>Gets the shards without an owner that were planned for here.</summary>
    internal List<ShardSlot> Promised { get; } = [];

    /// <summary>Gets how many shards wishes hold here.</summary>
    internal int PinnedCount { get; private set; }

    internal int Quota { get; set; }

    internal int Lacking => Quota - _count;

    internal void Pin(ShardSlot slot)
    {
        PinnedCount++;
        Give(slot);
    }

    internal void Give(ShardSlot slot)
    {
        slot.Target = member;
        _count++;
        _load += slot.Load;
    }

    /// <summary>Keeps what fits into the quota and puts the rest into the pool.</summary>
    internal void Keep(List<ShardSlot> pool, double averageLoad)
    {
        IEnumerable<ShardSlot> inOrder = Own;
        if (Own.Count > Lacking)
        {
            // What is on its way already goes first; then what brings the load nearer to its share.
            var isHeavy = _load + Own.Sum(static slot => slot.Load) > averageLoad * member.Member.Weight;
            inOrder = Own.OrderBy(slot => slot.Planned is { } planned && planned != member)
                .ThenBy(slot => isHeavy ? slot.Load : -slot.Load);
        }

        foreach (var slot in inOrder.Concat(Promised))
        {
            if (Lacking > 0)
            {
                Give(slot);
            }
            else
            {
                pool.Add(slot);
            }
        }
    }
}

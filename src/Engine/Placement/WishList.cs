using System.Globalization;

namespace Kyberium.Engine.Placement;

/// <summary>The wishes: which of them hold, and what becomes of each.</summary>
internal sealed class WishList
{
    private readonly PlacementTable _table;
    private readonly List<PlacementWish> _wishes;
    private readonly Dictionary<long, WishCode> _impossible = [];
    private readonly Dictionary<Candidate, long> _drained = [];
    private readonly Dictionary<ShardSlot, List<PlacementWish.Move>> _moves = [];
    private readonly HashSet<(Candidate Member, string? Role)> _kept = [];

    private WishList(PlacementFacts facts, PlacementTable table)
    {
        _table = table;
        _wishes = [.. facts.Wishes.OrderBy(static wish => wish.Id)];
        if (_wishes.Zip(_wishes.Skip(1)).Any(static pair => pair.First.Id == pair.Second.Id))
        {
            throw new ArgumentException("two wishes have one number", nameof(facts));
        }
    }

    internal static WishList Of(PlacementFacts facts, PlacementTable table)
    {
        var list = new WishList(facts, table);
        foreach (var drain in list._wishes.OfType<PlacementWish.Drain>())
        {
            if (table.Find(drain.Node) is not { } node)
            {
                list._impossible[drain.Id] = WishCode.NodeUnknown;
            }
            else if (node.Member.State == MemberState.Down)
            {
                list._impossible[drain.Id] = WishCode.NodeNotUp;
            }
            else
            {
                list._drained[node] = drain.Id;
            }
        }

        foreach (var move in list._wishes.OfType<PlacementWish.Move>())
        {
            list.Take(move);
        }

        return list;
    }

    internal bool IsDrained(Candidate member) => _drained.ContainsKey(member);

    /// <summary>Notes that a member keeps what it has of a class although a wish drains it: nobody else may have it.</summary>
    internal void KeepFor(Candidate member, string? role) => _kept.Add((member, role));

    /// <summary>Says what becomes of each wish, once all shards have their targets.</summary>
    internal IReadOnlyList<WishOutcome> Outcomes()
    {
        var owned = _table.Slots.Where(static slot => slot.Owner is not null).GroupBy(static slot => slot.Owner!)
            .ToDictionary(static shards => shards.Key, static shards => shards.ToList());
        return [.. _wishes.Select(wish => Outcome(wish, _impossible.TryGetValue(wish.Id, out var problem) ? problem : Code(wish, owned)))];
    }

    private void Take(PlacementWish.Move move)
    {
        var (slot, node) = (_table.Find(move.Shard), _table.Find(move.Node));
        var problem = (slot, node) switch
        {
            (null, _) => WishCode.ShardUnknown,
            (_, null) => WishCode.NodeUnknown,
            (_, { Member.State: not MemberState.Up }) => WishCode.NodeNotUp,
            _ when !node.HasRole(slot.Role) => WishCode.RoleMissing,
            _ when _drained.TryGetValue(node, out var drain) && drain > move.Id => WishCode.NodeDrained,
            _ => default,
        };
        if (problem != default)
        {
            _impossible[move.Id] = problem;
            return;
        }

        if (!_moves.TryGetValue(slot!, out var earlier))
        {
            _moves.Add(slot!, earlier = []);
        }

        foreach (var other in earlier.Where(other => other.Node != move.Node))
        {
            _impossible[other.Id] = WishCode.Superseded;
        }

        earlier.RemoveAll(other => other.Node != move.Node);
        earlier.Add(move);
        slot!.Wished = node;
    }

    private WishCode Code(PlacementWish wish, Dictionary<Candidate, List<ShardSlot>> owned)
    {
        var node = _table.Find(wish.Node)!;
        if (wish is PlacementWish.Move move)
        {
            return _table.Find(move.Shard)!.Owner == node ? WishCode.Fulfilled : WishCode.UnderWay;
        }

        return owned.GetValueOrDefault(node) is not { } shards ? WishCode.Fulfilled
            : shards.Exists(slot => _kept.Contains((node, slot.Role))) ? WishCode.NobodyElse
            : shards.TrueForAll(slot => slot.Wished == node) ? WishCode.Superseded
            : WishCode.UnderWay;
    }

    private static WishOutcome Outcome(PlacementWish wish, WishCode code)
    {
        var what = wish is PlacementWish.Move move ? $"shard {move.Shard} to {wish.Node}" : $"drain {wish.Node}";
        var how = code switch
        {
            WishCode.Fulfilled => "done",
            WishCode.UnderWay => "under way",
            WishCode.NodeUnknown => $"no member is named {wish.Node}: correct the name, or withdraw it",
            WishCode.NodeNotUp => $"{wish.Node} is not up: wait for it, or withdraw it",
            WishCode.RoleMissing => $"{wish.Node} does not have the role of the shard's group: choose a node that has, or give it the role",
            WishCode.ShardUnknown => "no group has this shard: correct the group or the number",
            WishCode.NodeDrained => $"a later wish drains {wish.Node}: withdraw one of them",
            WishCode.Superseded => "a later wish says otherwise: withdraw one of them",
            _ => $"no other member may have what {wish.Node} has: add one first",
        };
        return new WishOutcome(wish, code, string.Create(CultureInfo.InvariantCulture, $"wish {wish.Id}, {what}: {how}"));
    }
}

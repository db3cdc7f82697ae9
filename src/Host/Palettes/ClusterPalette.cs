using System.Globalization;
using System.Runtime.CompilerServices;
using Kyberium.Engine;
using Kyberium.Engine.PostgreSql;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Host.Palettes;

/// <summary><c>cluster</c>: who is in the cluster, and who is to leave it. Any node and any Lighthouse shows the same: what the database says.</summary>
/// <param name="self">The node that this process is; <see langword="null"/>: none.</param>
internal sealed class ClusterPalette(PostgreSqlCluster cluster, NodeId? self = null)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private static readonly PbmSwitch Node = new("node", PbmSwitchType.Text, "The node's name, as 'cluster show' lists it.", 'n', Required: true);

    internal PbmPalette Make() => new("cluster", "Looks at the cluster's members, and has them leave or come back.",
    [
        new PbmCommand
        {
            Name = "show", Description = "Lists members: node, state, shards, address, roles, weight, version, life.", Items = "members", Run = ShowAsync,
        },
        new PbmCommand
        {
            Name = "join",
            Description = "Takes back that a node is to leave, so that it gets shards again. A process that starts joins by itself."
                + (self is null ? "" : " Without --node: this one."),
            Items = "members", Changes = true, Switches = [self is null ? Node : Node with { Required = false }], Run = PbmCommand.One(JoinAsync),
        },
        new PbmCommand
        {
            Name = "leave", Description = "Has a node leave: its shards go to others a few at a time. Its process goes on and takes calls; end it when it has no shard.",
            Items = "members", Changes = true, Switches = [Node],
            Run = PbmCommand.One((call, stop) => TurnAsync(call, static (cluster, node, stop) => cluster.LeaveAsync(node, stop), "leaving", stop)),
        },
        new PbmCommand
        {
            Name = "down", Description = "Declares a node down that is lost for good: its shards go to others once its lease is over. One that lives joins again.",
            Items = "members", Changes = true, Switches = [Node],
            Run = PbmCommand.One((call, stop) => TurnAsync(call, static (cluster, node, stop) => cluster.DownAsync(node, stop), "down", stop)),
        },
        new PbmCommand
        {
            Name = "down-unreachable", Description = "Declares every node down that has not renewed its lease in time.", Items = "members", Changes = true,
            Run = DownUnreachableAsync,
        },
        new PbmCommand
        {
            Name = "tail", Description = "Shows members as they are, then each change of one as it comes.", Items = "changes", Follows = true, Run = TailAsync,
        },
    ]);

    private async IAsyncEnumerable<PbmItem> ShowAsync(PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (members, map) = await cluster.ReadAsync(cancellationToken);
        var shards = map.Owners.CountBy(static owner => owner.Value.Node).ToDictionary();
        foreach (var member in members)
        {
            yield return PbmItem.Row(
                ("node", member.Node.Value), ("state", StateOf(member)), ("shards", shards.GetValueOrDefault(member.Node)), ("address", member.Address),
                ("roles", member.Roles), ("weight", member.Weight), ("version", member.Version.ToString()), ("life", member.Incarnation));
        }
    }

    private async Task<PbmItem> JoinAsync(PbmCall call, CancellationToken cancellationToken)
    {
        var name = call.Text(Node.Name) ?? self?.Value ?? call.RequiredText(Node.Name);
        var isBack = NodeId.TryParse(name, out var node) && await cluster.JoinAsync(node, cancellationToken);
        var state = (await cluster.ReadAsync(cancellationToken)).Members.FirstOrDefault(member => member.Node == node)?.State;
        return state switch
        {
            null => throw ClusterCommands.Invalid($"there is no member '{name}'; start its process with a join token: it joins by itself"),
            MemberState.Joining or MemberState.Up => PbmItem.Card(("node", name), ("state", isBack ? "joining" : "up")),
            _ => throw ClusterCommands.Invalid($"node '{name}' does not renew its lease; start its process, or look why it does not reach the database: it joins by itself"),
        };
    }

    private async Task<PbmItem> TurnAsync(
        PbmCall call, Func<PostgreSqlCluster, NodeId, CancellationToken, Task<bool>> turn, string state, CancellationToken cancellationToken)
    {
        var name = call.RequiredText(Node.Name);
        return NodeId.TryParse(name, out var node) && await turn(cluster, node, cancellationToken)
            ? PbmItem.Card(("node", name), ("state", state))
            : throw ClusterCommands.Invalid($"there is no member '{name}' that can turn {state}; see 'cluster show'");
    }

    private async IAsyncEnumerable<PbmItem> DownUnreachableAsync(PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var member in (await cluster.ReadAsync(cancellationToken)).Members.Where(static member => member.State == MemberState.Unreachable))
        {
            if (await cluster.DownAsync(member.Node, cancellationToken))
            {
                yield return PbmItem.Row(("node", member.Node.Value), ("state", "down"));
            }
        }
    }

    private async IAsyncEnumerable<PbmItem> TailAsync(PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var known = new Dictionary<NodeId, string>();
        while (true)
        {
            var members = (await cluster.ReadAsync(cancellationToken)).Members;
            foreach (var member in members)
            {
                var now = $"{StateOf(member)}, life {member.Incarnation}";
                if (known.GetValueOrDefault(member.Node) != now)
                {
                    known[member.Node] = now;
                    yield return PbmItem.Row(
                        ("at", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)), ("node", member.Node.Value),
                        ("state", StateOf(member)), ("life", member.Incarnation));
                }
            }

            await Task.Delay(LookEvery, cancellationToken);
        }
    }

    private static string StateOf(ClusterMember member) => member.State.ToString().ToLowerInvariant();
}

/// <summary>Commands of <c>cluster-sharding</c> that look at and change which node has a shard.</summary>
internal static class ClusterCommands
{
    internal static EngineException Invalid(string what) => new(EngineErrorCode.RequestInvalid, what);

    internal static IReadOnlyList<PbmCommand> Make(PostgreSqlCluster cluster) =>
    [
        new PbmCommand
        {
            Name = "owners", Description = "Lists every shard of the cluster: shard, node, fence, where that node is reached.", Items = "shards",
            Run = (_, stop) => OwnersAsync(cluster, stop),
        },
        new PbmCommand
        {
            Name = "move", Description = "Has a shard moved to a node, to stay there until the wish is withdrawn. Callers wait meanwhile, and none fails.",
            Items = "wishes", Changes = true,
            Switches =
            [
                new PbmSwitch("shard", PbmSwitchType.Text, "The shard, such as default/3.", 's', Required: true),
                new PbmSwitch("node", PbmSwitchType.Text, "The node that shall have it.", 'n', Required: true),
            ],
            Run = PbmCommand.One((call, stop) => MoveAsync(cluster, call, stop)),
        },
        new PbmCommand
        {
            Name = "drain", Description = "Has every shard of a node moved to others; it stays a member and gets none until the wish is withdrawn.",
            Items = "wishes", Changes = true,
            Switches = [new PbmSwitch("node", PbmSwitchType.Text, "The node that shall have none.", 'n', Required: true)],
            Run = PbmCommand.One((call, stop) => DrainAsync(cluster, call, stop)),
        },
        new PbmCommand
        {
            Name = "wishes", Description = "Lists what operators asked for and has not been withdrawn: number, what, node, shard.", Items = "wishes",
            Run = (_, stop) => WishesAsync(cluster, stop),
        },
        new PbmCommand
        {
            Name = "rebalance", Description = "Withdraws wishes, all or one, so that shards spread evenly again.", Items = "wishes", Changes = true,
            Switches = [new PbmSwitch("wish", PbmSwitchType.Number, "The wish's number; left out: all.", 'w')],
            Run = (call, stop) => RebalanceAsync(cluster, call, stop),
        },
    ];

    private static async IAsyncEnumerable<PbmItem> OwnersAsync(PostgreSqlCluster cluster, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var (shard, owner) in (await cluster.ReadAsync(cancellationToken)).Map.Owners)
        {
            yield return PbmItem.Row(("shard", shard.ToString()), ("node", owner.Node.Value), ("fence", owner.Fence.Value), ("address", owner.Address));
        }
    }

    private static async Task<PbmItem> MoveAsync(PostgreSqlCluster cluster, PbmCall call, CancellationToken cancellationToken)
    {
        var text = call.RequiredText("shard");
        var slash = text.LastIndexOf('/');
        if (slash < 1 || !int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > ushort.MaxValue)
        {
            throw Invalid($"'{text}' is no shard; write such as default/3, and see 'cluster-sharding owners'");
        }

        var node = await MemberAsync(cluster, call.RequiredText("node"), cancellationToken);
        var wish = await cluster.MoveAsync(new ShardId(text[..slash], number), node, call.Caller.Actor ?? "pbm", cancellationToken);
        return PbmItem.Card(("wish", wish), ("shard", text), ("node", node.Value));
    }

    private static async Task<PbmItem> DrainAsync(PostgreSqlCluster cluster, PbmCall call, CancellationToken cancellationToken)
    {
        var node = await MemberAsync(cluster, call.RequiredText("node"), cancellationToken);
        return PbmItem.Card(("wish", await cluster.DrainAsync(node, call.Caller.Actor ?? "pbm", cancellationToken)), ("node", node.Value));
    }

    private static async IAsyncEnumerable<PbmItem> WishesAsync(PostgreSqlCluster cluster, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var wish in await cluster.ReadWishesAsync(cancellationToken))
        {
            yield return Show(wish);
        }
    }

    private static async IAsyncEnumerable<PbmItem> RebalanceAsync(
        PostgreSqlCluster cluster, PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var wishes = await cluster.ReadWishesAsync(cancellationToken);
        if (call.Number("wish") is { } one)
        {
            wishes = [.. wishes.Where(wish => wish.Id == one)];
            if (wishes.Count == 0)
            {
                throw Invalid($"there is no wish {one}; see 'cluster-sharding wishes'");
            }
        }

        foreach (var wish in wishes)
        {
            if (await cluster.WithdrawAsync(wish.Id, cancellationToken))
            {
                yield return Show(wish);
            }
        }
    }

    private static PbmItem Show(PlacementWish wish) => wish switch
    {
        PlacementWish.Move move => PbmItem.Row(("wish", move.Id), ("what", "move"), ("node", move.Node.Value), ("shard", move.Shard.ToString())),
        PlacementWish.Drain drain => PbmItem.Row(("wish", drain.Id), ("what", "drain"), ("node", drain.Node.Value), ("shard", null)),
        _ => PbmItem.Row(("wish", wish.Id), ("what", wish.GetType().Name), ("node", null), ("shard", null)),
    };

    private static async Task<NodeId> MemberAsync(PostgreSqlCluster cluster, string name, CancellationToken cancellationToken) =>
        NodeId.TryParse(name, out var node) && (await cluster.ReadAsync(cancellationToken)).Members.Any(member => member.Node == node)
            ? node
            : throw Invalid($"there is no member '{name}'; see 'cluster show'");
}

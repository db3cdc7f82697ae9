using System.Runtime.CompilerServices;
using Kyberium.Engine;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Sessions;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Host.Palettes;

/// <summary><c>actor</c>: the engine as the tree it is. Shards are its actors: engine, group, shard, peer, session.</summary>
internal sealed class ActorPalette(Node node, int shardCount)
{
    private const int DepthDefault = 3;
    private const int DepthMax = 4;

    internal PbmPalette Make() => new("actor", "Looks at the engine as a tree of what owns what.",
    [
        new PbmCommand
        {
            Name = "hierarchy",
            Description = "Shows the tree: engine, groups of shards, shards, peers, sessions.",
            Items = "actors",
            Switches =
            [
                new PbmSwitch("start", PbmSwitchType.Text, "Where to begin, such as /default/3 or /default/3/default:bob; left out: the engine.", 's'),
                new PbmSwitch("depth", PbmSwitchType.Number, $"How many levels below it, 0 to {DepthMax}; left out: {DepthDefault}, down to peers.", 'd'),
                PeerSwitches.Limit("peers are shown"),
            ],
            Run = ShowAsync,
        },
    ]);

    private async IAsyncEnumerable<PbmItem> ShowAsync(PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var start = (call.Text("start") ?? "/").TrimEnd('/').Split('/', StringSplitOptions.RemoveEmptyEntries);
        var depth = call.Number("depth") ?? DepthDefault;
        if (depth is < 0 or > DepthMax)
        {
            throw HostErrors.Invalid($"--depth is {depth}; it must be 0 to {DepthMax}");
        }

        var found = false;
        await foreach (var actor in ActorsAsync(start, (int)depth, PeerSwitches.LimitOf(call), cancellationToken))
        {
            var level = actor.Path.Count - start.Length;
            if (level >= 0 && level <= depth && actor.Path.Take(start.Length).SequenceEqual(start, StringComparer.Ordinal))
            {
                found = true;
                var name = actor.Path.Count == 0 ? "/" : actor.Path[^1];
                yield return PbmItem.Line(
                    $"{new string(' ', level * 2)}{name}  {actor.Kind}{(actor.Detail.Length == 0 ? "" : ", " + actor.Detail)}",
                    ("path", "/" + string.Join('/', actor.Path)), ("kind", actor.Kind), ("detail", actor.Detail));
            }
        }

        if (!found)
        {
            throw HostErrors.Invalid($"there is no actor at '{call.Text("start")}'; see 'actor hierarchy'");
        }
    }

    /// <summary>Walks the tree, parents first. What lies above the start or too far below it is not asked for.</summary>
    private async IAsyncEnumerable<Actor> ActorsAsync(
        string[] start, int depth, int limit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var deepest = start.Length + depth;
        yield return new Actor([], "engine", $"{shardCount} shards");
        yield return new Actor([ShardId.Directory.Group], "group", "identities and pins");
        yield return new Actor([ShardId.DefaultGroup], "group", $"{shardCount} shards");
        var peers = deepest >= 3 && (start.Length == 0 || start[0] == ShardId.DefaultGroup)
            ? (await node.ListPeersAsync(cancellationToken)).Peers.ToLookup(ShardOf)
            : null;
        var running = node.Engine.RunningShards.ToDictionary(shard => shard.Number);
        for (var number = 0; number < shardCount; number++)
        {
            string[] path = [ShardId.DefaultGroup, number.ToString(System.Globalization.CultureInfo.InvariantCulture)];
            var detail = running.TryGetValue(number, out var shard) ? $"fence {shard.Fence.Value}, {shard.ResidentCount} peers in memory" : "down";
            yield return new Actor(path, "shard", detail);
            foreach (var peer in peers?[number].Where(one => Leads(start, [.. path, NameOf(one)])).Take(limit) ?? [])
            {
                limit--;
                foreach (var actor in await PeerAsync(path, peer, deepest, cancellationToken))
                {
                    yield return actor;
                }
            }
        }
    }

    private async Task<IEnumerable<Actor>> PeerAsync(string[] shard, PeerReference peer, int deepest, CancellationToken cancellationToken)
    {
        try
        {
            var info = await node.ShowPeerAsync(peer, cancellationToken);
            var path = (string[])[.. shard, NameOf(peer)];
            var self = new Actor(path, "peer", $"{SessionPalette.Word(info.Status)}, {info.OutboxCount} out, {info.InboxCount} in");
            return deepest > path.Length && info.Session is { } session ? [self, new Actor([.. path, session], "session", $"{info.Suite}, epoch {info.Epoch}")] : [self];
        }
        catch (EngineException gone) when (gone.Code == EngineErrorCode.PeerUnknown)
        {
            return [];      // removed in this moment
        }
    }

    /// <summary>Says whether a path lies on the way to the start, or below it.</summary>
    private static bool Leads(string[] start, string[] path) =>
        start.Zip(path).All(pair => pair.First == pair.Second);

    private int ShardOf(PeerReference peer) => ShardNumber.Of(new PeerKey(Names.Identity(peer.Identity), Names.Peer(peer.Peer)), shardCount);

    private static string NameOf(PeerReference peer) => $"{peer.Identity}:{peer.Peer}";

    private sealed record Actor(IReadOnlyList<string> Path, string Kind, string Detail);
}

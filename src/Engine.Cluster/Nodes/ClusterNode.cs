using System.Collections.Concurrent;
using Kyberium.Engine.PostgreSql;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Cluster;

/// <summary>Makes an engine a node of a cluster whose members, leases and journal are in PostgreSQL.</summary>
public static class ClusterNode
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);

    /// <summary>Joins a cluster: sets journal and cluster of the parts.</summary>
    /// <returns>The same parts.</returns>
    /// <remarks>The engine then takes every call, also for shards that other nodes have. <c>ReceiveAsync</c> gives what came for the shards that are here:
    /// every node of a service reads its own. All nodes have one keyring's master key, one count of shards and the same templates: a node
    /// whose <see cref="TemplatesOptions.Directory"/> is empty reads the folders that the Lighthouse names.</remarks>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>.</exception>
    public static EngineParts JoinCluster(this EngineParts parts, ClusterNodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        NodeLinks? links = null;
        PostgreSqlPlacement? placement = null;
        var database = options.Database;
        parts.OpenCluster = async (engine, cancellationToken) =>
        {
            links = await NodeLinks.OpenAsync(options, engine.Shard.Count, cancellationToken).ConfigureAwait(false);
            database = options.Database.Length > 0 ? options.Database : links.Database;
            options.DatabaseFound?.Invoke(database);
            try
            {
                placement = await OpenedAsync(
                    options, () => PostgreSqlPlacement.OpenAsync(options.Placement(database, engine.Shard.Count, links.Address), cancellationToken),
                    cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                await links.DisposeAsync().ConfigureAwait(false);
                throw;
            }

            return new ClusterParts(placement, links);
        };
        parts.OpenJournal = async (_, cancellationToken) => await OpenedAsync(
            options,
            () => PostgreSqlJournal.OpenAsync(
                new PostgreSqlJournalOptions
                {
                    ConnectionString = database, Schema = options.Schema, Placement = placement, OutageMax = options.OutageMax,
                    TimeProvider = options.TimeProvider,
                },
                cancellationToken),
            cancellationToken).ConfigureAwait(false);
        parts.FindTemplates = (_, _) => Task.FromResult(links!.Policies);
        if (options.Lighthouses.Count > 0)
        {
            parts.OpenWitness = (_, _) => Task.FromResult<IStoreWitness>(links!.OpenWitness());
        }

        return parts;
    }

    /// <summary>Sets the parts so that <c>SessionEngine.StartFromRestoredAsync</c> goes on from a cluster's database that was restored to an earlier time, or
    /// cloned: alone, over the same database and keyring, while no node runs. The Lighthouses learn of it, so that they let the nodes start again.</summary>
    /// <returns>The same parts.</returns>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>. Starting adds <see cref="EngineErrorCode.RequestInvalid"/>: the database
    /// has no store.</exception>
    public static EngineParts AcceptRestoredCluster(this EngineParts parts, ClusterNodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        var logger = options.LoggerFactory.CreateLogger<LighthouseWitness>();
        NodeGrant? grant = null;
        parts.OpenCluster = null;
        parts.FindTemplates = async (engine, cancellationToken) => (await GrantAsync(engine, cancellationToken).ConfigureAwait(false)).Policies;
        parts.OpenJournal = async (engine, cancellationToken) =>
        {
            var database = options.Database.Length > 0 ? options.Database : (await GrantAsync(engine, cancellationToken).ConfigureAwait(false)).Database;
            var journal = await PostgreSqlJournal.OpenAsync(
                new PostgreSqlJournalOptions { ConnectionString = database, Schema = options.Schema, TimeProvider = options.TimeProvider }, cancellationToken)
                .ConfigureAwait(false);
            await foreach (var _ in journal.ReadShardsAsync(cancellationToken).ConfigureAwait(false))
            {
                return journal;
            }

            await journal.DisposeAsync().ConfigureAwait(false);
            throw LinkErrors.NoStore(options.Cluster.Value);
        };
        if (options.Lighthouses.Count > 0)
        {
            parts.OpenWitness = async (engine, cancellationToken) =>
            {
                var granted = await GrantAsync(engine, cancellationToken).ConfigureAwait(false);
                return new LighthouseWitness(granted.Lighthouses, granted.Identity, options.TimeProvider, logger);
            };
        }

        return parts;

        async Task<NodeGrant> GrantAsync(EngineOptions engine, CancellationToken cancellationToken) =>
            grant ??= await NodeGrant.OpenAsync(options, engine.Shard.Count, logger, renews: false, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc cref="JoinCluster(EngineParts, ClusterNodeOptions)"/>
    public static KyberiumBuilder JoinCluster(this KyberiumBuilder builder, ClusterNodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigureParts((_, parts) => parts.JoinCluster(options));
    }

    /// <summary>Opens something in the database, waiting for one that is away.</summary>
    private static async Task<T> OpenedAsync<T>(ClusterNodeOptions options, Func<Task<T>> open, CancellationToken cancellationToken)
    {
        var began = options.TimeProvider.GetTimestamp();
        while (true)
        {
            try
            {
                return await open().ConfigureAwait(false);
            }
            catch (EngineException away) when (away.Code == EngineErrorCode.JournalUnavailable
                && options.TimeProvider.GetElapsedTime(began) < options.OutageMax)
            {
                await Task.Delay(LookAgain, options.TimeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}

/// <summary>This node's end of the links to all others: where it listens, and how it reaches them.</summary>
internal sealed class NodeLinks : INodeLinks, IClusterRequestHandler
{
    private readonly ConcurrentDictionary<NodeId, string> _addresses = new();
    private readonly ClusterLinks _links;
    private readonly NodeGrant _grant;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private ClusterLinkServer? _server;
    private IClusterRequestHandler? _handler;

    private NodeLinks(NodeGrant grant, ClusterLinks links, TimeProvider time, ILogger logger) => (_grant, _links, _time, _logger) = (grant, links, time, logger);

    /// <summary>Gets where other nodes reach this one.</summary>
    internal string Address { get; private set; } = "";

    /// <summary>Gets the database that a Lighthouse named; empty when it named none.</summary>
    internal string Database => _grant.Database;

    /// <summary>Gets the folders of policy templates that a Lighthouse named.</summary>
    internal IReadOnlyList<string> Policies => _grant.Policies;

    /// <summary>Gets what this node shows to others.</summary>
    internal ClusterIdentity Identity => _grant.Identity;

    /// <summary>Joins, where that has not been done, and listens.</summary>
    internal static async Task<NodeLinks> OpenAsync(ClusterNodeOptions options, int shardCount, CancellationToken cancellationToken)
    {
        var logger = options.LoggerFactory.CreateLogger<NodeLinks>();
        var grant = await NodeGrant.OpenAsync(options, shardCount, logger, renews: true, cancellationToken).ConfigureAwait(false);
        var links = new NodeLinks(grant, new ClusterLinks(grant.Identity, options.Links, logger), options.TimeProvider, logger);
        try
        {
            links._server = await ClusterLinkServer.StartAsync(
                grant.Identity, links, new ClusterLinkServerOptions { Listen = options.Listen, TimeProvider = options.TimeProvider }, logger, cancellationToken)
                .ConfigureAwait(false);
            var host = options.Host.Length > 0 ? options.Host : options.Listen.Address.ToString();
            links.Address = new UriBuilder(Uri.UriSchemeHttps, host, links._server.Address.Port).Uri.GetLeftPart(UriPartial.Authority);
            return links;
        }
        catch
        {
            await links.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Has the Lighthouses remember how far shards have come.</summary>
    internal LighthouseWitness OpenWitness() => new(_grant.Lighthouses, Identity, _time, _logger);

    /// <inheritdoc/>
    public ValueTask StartAsync(IClusterRequestHandler handler, CancellationToken cancellationToken = default)
    {
        Volatile.Write(ref _handler, handler);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<ClusterAnswer> SendAsync(NodeId node, string address, ClusterRequest request, CancellationToken cancellationToken = default)
    {
        if (!_addresses.TryGetValue(node, out var known) || known != address)
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps)
            {
                return ValueTask.FromResult(LinkErrors.NotReached($"node '{node}' says that it is at '{address}', which is no https address"));
            }

            _links.SetAddress(node, uri.Host, uri.Port);
            _addresses[node] = address;
        }

        return _links.SendAsync(node, request, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ClusterAnswer> HandleAsync(NodeId caller, ClusterRequest request, CancellationToken cancellationToken) =>
        Volatile.Read(ref _handler) is { } handler
            ? handler.HandleAsync(caller, request, cancellationToken)
            : ValueTask.FromResult(ClusterAnswer.WrongOwner(OwnerHint.None));     // it has no shard before it has started

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }

        await _links.DisposeAsync().ConfigureAwait(false);
        await _grant.DisposeAsync().ConfigureAwait(false);
    }
}

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
    /// every node of a service reads its own. All nodes have one keyring's master key, one count of shards and the same templates.</remarks>
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
        return parts;
    }

    /// <summary>Finds the database of a node that does not run: the one it is told, else the one that a Lighthouse told it when it joined.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>: it is told none and has not joined;
    /// <see cref="EngineErrorCode.ClusterCertificateUnusable"/>: what it keeps cannot be read.</exception>
    internal static async Task<string> FindDatabaseAsync(ClusterNodeOptions options, CancellationToken cancellationToken)
    {
        var database = options.Database.Length > 0 ? options.Database : await NodeGrant.ReadDatabaseAsync(options, cancellationToken).ConfigureAwait(false);
        return database.Length > 0
            ? database
            : throw LinkErrors.OptionInvalid("kyberium.host.cluster.database", "", "given, since this node has not joined and no Lighthouse has told it");
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
    private ClusterLinkServer? _server;
    private IClusterRequestHandler? _handler;

    private NodeLinks(NodeGrant grant, ClusterLinks links) => (_grant, _links) = (grant, links);

    /// <summary>Gets where other nodes reach this one.</summary>
    internal string Address { get; private set; } = "";

    /// <summary>Gets the database that a Lighthouse named; empty when it named none.</summary>
    internal string Database => _grant.Database;

    /// <summary>Gets what this node shows to others.</summary>
    internal ClusterIdentity Identity => _grant.Identity;

    /// <summary>Joins, where that has not been done, and listens.</summary>
    internal static async Task<NodeLinks> OpenAsync(ClusterNodeOptions options, int shardCount, CancellationToken cancellationToken)
    {
        var logger = options.LoggerFactory.CreateLogger<NodeLinks>();
        var grant = await NodeGrant.OpenAsync(options, shardCount, logger, cancellationToken).ConfigureAwait(false);
        var links = new NodeLinks(grant, new ClusterLinks(grant.Identity, options.Links, logger));
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

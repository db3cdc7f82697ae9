using Kyberium.Engine;
using Kyberium.Engine.AspNetCore;
using Kyberium.Engine.Cluster;
using Kyberium.Engine.Sqlite;
using Kyberium.Host.Configuration;
using Microsoft.Extensions.Logging;

namespace Kyberium.Host.Nodes;

/// <summary>Opens an engine over the configured data directory.</summary>
internal static class NodeStart
{
    /// <summary>Opens the store and recovers it.</summary>
    /// <param name="configuration">Where and how.</param>
    /// <param name="links">What carries envelopes; none when the node is only operated.</param>
    /// <param name="acceptRestored">Whether to go on from an older copy.</param>
    /// <exception cref="EngineException">What starting an engine gives.</exception>
    internal static async Task<Node> OpenAsync(
        NodeConfiguration configuration, ILoggerFactory loggers, IReadOnlyList<HttpPeerLink> links, bool acceptRestored,
        CancellationToken cancellationToken)
    {
        KeyringAccess.Demand(configuration);
        IJournal? journal = null;
        var database = "";
        var parts = new EngineParts { LoggerFactory = loggers };
        if (configuration.Host.Cluster is { IsNode: true } cluster)
        {
            var node = cluster.ToNodeOptions(configuration.DataDirectory, await TokenAsync(cluster, cancellationToken), found => database = found, loggers);
            _ = acceptRestored ? parts.AcceptRestoredCluster(node) : parts.JoinCluster(node);
        }
        else
        {
            parts.OpenJournal = async (_, stop) => await SqliteJournal.OpenAsync(
                new SqliteJournalOptions { DataDirectory = configuration.DataDirectory }, stop);
        }

        var openJournal = parts.OpenJournal!;
        parts.OpenJournal = async (options, stop) => journal = await openJournal(options, stop);
        foreach (var link in links)
        {
            parts.PeerLinks.Add(link);
        }

        var engine = acceptRestored
            ? await SessionEngine.StartFromRestoredAsync(configuration.Engine, parts, cancellationToken)
            : await SessionEngine.StartAsync(configuration.Engine, parts, cancellationToken);
        return new Node(configuration, engine, journal!, links) { ClusterDatabase = database };
    }

    /// <summary>Says whether the data directory holds a store. Looking for one must not make one, nor fill an empty file.</summary>
    internal static bool HasStore(NodeConfiguration configuration) => new FileInfo(StoreFile(configuration)) is { Exists: true, Length: > 0 };

    /// <summary>Reads the token, where there is one: a node that has joined before needs none.</summary>
    private static async Task<string> TokenAsync(ClusterOptions cluster, CancellationToken cancellationToken)
    {
        if (cluster.TokenFile.Length == 0)
        {
            return "";
        }

        try
        {
            return File.Exists(cluster.TokenFile) ? (await File.ReadAllTextAsync(cluster.TokenFile, cancellationToken)).Trim() : "";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw HostErrors.FileFailed(failure);
        }
    }

    internal static string StoreFile(NodeConfiguration configuration) => Path.Combine(configuration.DataDirectory, "journal.db");
}

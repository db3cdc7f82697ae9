using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Keyring;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Cluster;

/// <summary>What a node got from a Lighthouse: kept in a file, so that it comes back without a token and without a Lighthouse, and renewed.</summary>
internal sealed partial class NodeGrant : IAsyncDisposable
{
    private const int SizeMax = 1 << 20;
    private const int FormatVersion = 1;

    private readonly string _path;
    private StoredFacts _facts;
    private readonly ILogger _logger;
    private ClusterRenewal? _renewal;
    private IDisposable? _replaced;
    private Task _writing = Task.CompletedTask;

    private NodeGrant(string path, ClusterIdentity identity, StoredFacts facts, ILogger logger) =>
        (_path, Identity, _facts, _logger) = (path, identity, facts, logger);

    internal ClusterIdentity Identity { get; }

    internal string Database => _facts.Database;

    /// <summary>Gets the folders of policy templates that a Lighthouse named.</summary>
    internal IReadOnlyList<string> Policies => _facts.Policies;

    /// <summary>Gets every Lighthouse that is known: those of the options, then those that one of them named.</summary>
    internal IReadOnlyList<string> Lighthouses { get; private init; } = [];

    /// <summary>Takes what the options give, what the file has, or what a Lighthouse says, in this order.</summary>
    /// <param name="renews">Whether the certificate is to be renewed until disposal.</param>
    /// <exception cref="EngineException">What joining gives; <see cref="EngineErrorCode.ClusterCertificateUnusable"/>: the file is not this node's;
    /// <see cref="EngineErrorCode.OptionsInvalid"/>: the cluster has another count of shards, or nobody says where its database is.</exception>
    internal static async Task<NodeGrant> OpenAsync(
        ClusterNodeOptions options, int shardCount, ILogger logger, bool renews, CancellationToken cancellationToken)
    {
        if (options.Identity is { } given)
        {
            return given.Cluster == options.Cluster && given.Node == options.Node
                ? new NodeGrant("", given, new StoredFacts(shardCount, "", [], []), logger) { Lighthouses = options.Lighthouses }
                : throw CertificateErrors.AnotherNode($"{given.Cluster}/{given.Node}", $"{options.Cluster}/{options.Node}");
        }

        var grant = await ReadAsync(options, logger, cancellationToken).ConfigureAwait(false)
            ?? await JoinAsync(options, logger, cancellationToken).ConfigureAwait(false);
        if (grant._facts.ShardCount != shardCount)
        {
            throw LinkErrors.OptionInvalid("kyberium.engine.shard.count", shardCount, $"{grant._facts.ShardCount}, as the cluster has it");
        }

        if (grant.Database.Length == 0 && options.Database.Length == 0)
        {
            throw LinkErrors.OptionInvalid(nameof(options.Database), "", "given, since the Lighthouse does not say it");
        }

        if (renews)
        {
            grant._replaced = grant.Identity.OnReplaced(grant.Write);
            grant._renewal = ClusterRenewal.Start(Joining(options), grant.Identity, logger, grant.Learn);
        }

        return grant;
    }

    public async ValueTask DisposeAsync()
    {
        if (_renewal is { } renewal)
        {
            await renewal.DisposeAsync().ConfigureAwait(false);
        }

        _replaced?.Dispose();
        await _writing.ConfigureAwait(false);
    }

    private static NodeGrant Make(ClusterNodeOptions options, ClusterIdentity identity, StoredFacts facts, ILogger logger) =>
        new(options.StateFile, identity, facts, logger) { Lighthouses = [.. options.Lighthouses.Union(facts.Lighthouses)] };

    private static ClusterJoinOptions Joining(ClusterNodeOptions options) => new()
    {
        Lighthouses = options.Lighthouses, Cluster = options.Cluster, Node = options.Node, TimeProvider = options.TimeProvider,
    };

    private static async Task<NodeGrant> JoinAsync(ClusterNodeOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        var granted = await ClusterJoin.JoinAsync(Joining(options), options.Token, cancellationToken).ConfigureAwait(false);
        var grant = Make(options, granted.Identity, new StoredFacts(granted.ShardCount, granted.Database, granted.Policies, granted.Lighthouses), logger);
        await grant.WriteAsync(cancellationToken).ConfigureAwait(false);       // before anything else: the token is used up
        return grant;
    }

    private static async Task<NodeGrant?> ReadAsync(ClusterNodeOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        if (await PrivateFile.ReadAsync(options.StateFile, SizeMax, cancellationToken).ConfigureAwait(false) is not { } bytes)
        {
            return null;
        }

        try
        {
            var stored = JsonSerializer.Deserialize(bytes, NodeJson.Default.StoredNode) ?? throw new JsonException("it is empty");
            if (stored.Format != FormatVersion)
            {
                throw new JsonException($"format {stored.Format} is not known");
            }

            using var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(stored.Key, out _);
            CryptographicOperations.ZeroMemory(stored.Key);
            using var certificate = X509CertificateLoader.LoadCertificate(stored.Certificate);
            var identity = new ClusterIdentity(
                options.Cluster, certificate.CopyWithPrivateKey(key), [.. stored.Roots.Select(static root => X509CertificateLoader.LoadCertificate(root))], stored.Denied);
            if (identity.Node != options.Node)
            {
                throw CertificateErrors.AnotherNode($"{identity.Cluster}/{identity.Node}", $"{options.Cluster}/{options.Node}");
            }

            if (certificate.NotAfter.ToUniversalTime() > options.TimeProvider.GetUtcNow().UtcDateTime)
            {
                return Make(options, identity, stored.Facts, logger);
            }

            return options.Token.Length > 0 ? null : throw CertificateErrors.NodeExpired(options.StateFile, certificate.NotAfter.ToUniversalTime());
        }
        catch (Exception malformed) when (malformed is JsonException or ArgumentException or CryptographicException)
        {
            throw CertificateErrors.NodeMalformed(options.StateFile, malformed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Keeps what a Lighthouse says at a renewal, for the next start. How many shards the store has stays.</summary>
    internal void Learn(ClusterGrant renewed) =>
        Volatile.Write(ref _facts, _facts with { Database = renewed.Database, Policies = renewed.Policies, Lighthouses = renewed.Lighthouses });

    private void Write() => _writing = WriteOrLogAsync(_writing);

    private async Task WriteOrLogAsync(Task before)
    {
        await before.ConfigureAwait(false);     // in order: the file ends as the identity does
        try
        {
            await WriteAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (EngineException failure)
        {
            LinkLog.NotKept(_logger, _path, failure.Message);       // in force all the same, until the process ends
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        var current = Identity.Current;
        using var key = current.Certificate.GetECDsaPrivateKey()!;
        var stored = new StoredNode(
            FormatVersion, current.Certificate.RawData, key.ExportPkcs8PrivateKey(), [.. current.Trust.Roots.Select(static root => root.RawData)],
            [.. current.Trust.Denied], _facts);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(stored, NodeJson.Default.StoredNode);
        try
        {
            PrivateFile.CreateFolder(Path.GetDirectoryName(Path.GetFullPath(_path))!);
            await PrivateFile.ReplaceAsync(_path, bytes, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            CryptographicOperations.ZeroMemory(stored.Key);
        }
    }

    internal sealed record StoredFacts(int ShardCount, string Database, IReadOnlyList<string> Policies, IReadOnlyList<string> Lighthouses)
    {
        public override string ToString() => $"{ShardCount} shards";        // a connection string may hold a password
    }

    internal sealed record StoredNode(
        int Format, byte[] Certificate, byte[] Key, IReadOnlyList<byte[]> Roots, IReadOnlyList<string> Denied, StoredFacts Facts)
    {
        public override string ToString() => "a node's certificate with its key";
    }

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
    [JsonSerializable(typeof(StoredNode))]
    private sealed partial class NodeJson : JsonSerializerContext;
}

using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Cluster.Joining;
using Kyberium.Lighthouse.Certificates;
using Kyberium.Lighthouse.Configuration;
using Microsoft.Extensions.Logging;

namespace Kyberium.Lighthouse.Serving;

/// <summary>Decides who joins: cluster, version, then the proof, so that a token is not used up by a node that would be refused anyway.</summary>
internal sealed class JoinDesk(LighthouseOptions options, AuthorityFile file, TimeProvider time, ILogger logger)
{
    private readonly TokenFolder _tokens = new(Path.Combine(options.Directory, "tokens"));
    private readonly CertificateBook _book = new(options.Directory);

    internal async Task<JoinResponse> JoinAsync(JoinRequest request, string address, CancellationToken cancellationToken)
    {
        await using var held = await FolderLock.TakeAsync(options.Directory, time, cancellationToken);     // what is issued is listed before anybody denies
        var authority = await file.ReadAsync(cancellationToken);
        var node = Check(authority, request, address);
        var refusal = request is { TokenId: { } id, TokenSecret: { } secret }
            ? await _tokens.UseAsync(id, secret, time.GetUtcNow(), cancellationToken)
            : "it shows no token";
        if (refusal is not null)
        {
            throw Refuse(request, address, refusal);
        }

        var response = await GrantAsync(authority, node, request, cancellationToken);
        LighthouseLog.Joined(logger, node.Value, request.TokenId!);
        return response;
    }

    internal async Task<JoinResponse> RenewAsync(JoinRequest request, X509Certificate2? shown, string address, CancellationToken cancellationToken)
    {
        await using var held = await FolderLock.TakeAsync(options.Directory, time, cancellationToken);
        var authority = await file.ReadAsync(cancellationToken);
        var node = Check(authority, request, address);
        if (NodeProof.Of(authority, shown, time.GetUtcNow(), out var refusal) != node)
        {
            throw Refuse(request, address, refusal ?? "its certificate is another node's");
        }

        var response = await GrantAsync(authority, node, request, cancellationToken);
        LighthouseLog.Renewed(logger, node.Value);
        return response;
    }

    /// <summary>Tells of what is wrong here, and not with whoever asks.</summary>
    internal void LogFailure(EngineException failure) => LighthouseLog.Failed(logger, failure);

    private NodeId Check(ClusterAuthority authority, JoinRequest request, string address)
    {
        var refusal = request switch
        {
            { Format: not JoinRequest.CurrentFormat } => JoinErrors.Format(request.Format),
            _ when request.Cluster != authority.Cluster.Value => JoinErrors.AnotherCluster(request.Cluster),
            _ when !Version.TryParse(request.Version, out var version) || version < options.VersionMin => JoinErrors.TooOld(request.Version, options.VersionMin),
            _ when !NodeId.TryParse(request.Node, out _) => JoinErrors.Malformed(),
            _ => null,
        };
        if (refusal is not null)
        {
            LighthouseLog.Refused(logger, request.ToString(), address, refusal.Message);
            throw refusal;
        }

        return new NodeId(request.Node);
    }

    /// <summary>Tells a node which certificates are denied.</summary>
    internal async Task<IReadOnlyList<string>> DeniedAsync(X509Certificate2? shown, string address, CancellationToken cancellationToken)
    {
        var authority = await file.ReadAsync(cancellationToken);
        if (NodeProof.Of(authority, shown, time.GetUtcNow(), out var refusal) is null)
        {
            LighthouseLog.Refused(logger, "which certificates are denied", address, refusal!);
            throw JoinErrors.Refused();
        }

        return authority.Denied;
    }

    private async Task<JoinResponse> GrantAsync(ClusterAuthority authority, NodeId node, JoinRequest request, CancellationToken cancellationToken)
    {
        using var certificate = authority.Issue(node, request.SigningRequest, time.GetUtcNow());
        await _book.AddAsync(certificate, node, time.GetUtcNow(), cancellationToken);
        return new JoinResponse(
            authority.Cluster.Value, certificate.RawData, [.. authority.RootCertificates.Select(root => root.RawData)], authority.Denied,
            options.ShardCount, options.Database, options.Policies, options.Lighthouses);
    }

    // Why exactly is for the log: who tries tokens learns nothing.
    private EngineException Refuse(JoinRequest request, string address, string reason)
    {
        LighthouseLog.Refused(logger, request.ToString(), address, reason);
        return JoinErrors.Refused();
    }
}

using System.Text.Json.Serialization;

namespace Kyberium.Engine.Cluster.Joining;

/// <summary>What a node sends a Lighthouse to join, or to renew its certificate (then without a token: its certificate is the proof).</summary>
/// <param name="Format">1.</param>
/// <param name="Version">Of the node's program, e.g. <c>0.1.0</c>.</param>
/// <param name="SigningRequest">PKCS #10, DER.</param>
internal sealed record JoinRequest(
    int Format, string Cluster, string Node, string Version, byte[] SigningRequest, string? TokenId = null, byte[]? TokenSecret = null)
{
    internal const int CurrentFormat = 1;

    internal const string JoinPath = "/kyberium/cluster/v1/join";

    internal const string RenewPath = "/kyberium/cluster/v1/renew";

    internal const string RootsPath = "/kyberium/cluster/v1/roots";

    internal const string DeniedPath = "/kyberium/cluster/v1/denied";

    internal const string HealthPath = "/kyberium/cluster/v1/health";

    internal const string WitnessPath = "/kyberium/cluster/v1/witness";

    internal const int BytesMax = 16 << 10;

    public override string ToString() => $"node {Node} of cluster {Cluster}, version {Version}";
}

/// <summary>What a node gets: everything it needs to take part.</summary>
internal sealed record JoinResponse(
    string Cluster, byte[] Certificate, IReadOnlyList<byte[]> Roots, IReadOnlyList<string> Denied, int ShardCount, string Database,
    IReadOnlyList<string> Policies, IReadOnlyList<string> Lighthouses);

/// <summary>Why not.</summary>
internal sealed record JoinRefusal(int Code, string Message);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip)]
[JsonSerializable(typeof(JoinRequest))]
[JsonSerializable(typeof(JoinResponse))]
[JsonSerializable(typeof(JoinRefusal))]
[JsonSerializable(typeof(IReadOnlyList<byte[]>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class JoinJson : JsonSerializerContext;

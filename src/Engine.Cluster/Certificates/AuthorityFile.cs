using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kyberium.Engine.Keyring;

namespace Kyberium.Engine.Cluster.Certificates;

/// <summary>Keeps an authority in one file that only its owner may read, replaced in one step: several processes may share it.</summary>
internal sealed partial class AuthorityFile(string folder)
{
    private const int SizeMax = 1 << 20;
    private const int FormatVersion = 1;

    internal string Path { get; } = System.IO.Path.Combine(folder, "authority.json");

    /// <exception cref="EngineException"><see cref="EngineErrorCode.ClusterCertificateUnusable"/>: missing or malformed;
    /// <see cref="EngineErrorCode.KeyringUnusable"/>: readable by others, or unreadable.</exception>
    internal async ValueTask<ClusterAuthority> ReadAsync(CancellationToken cancellationToken)
    {
        var bytes = await PrivateFile.ReadAsync(Path, SizeMax, cancellationToken).ConfigureAwait(false) ?? throw CertificateErrors.NoAuthority(Path);
        try
        {
            var stored = JsonSerializer.Deserialize(bytes, StoredJson.Default.StoredAuthority) ?? throw new JsonException("it is empty");
            if (stored.Format != FormatVersion || stored.Roots.Count is < 1 or > 2 || (stored.Roots.Count == 2) != (stored.Stage != RotationStage.Stable))
            {
                throw new JsonException($"format {stored.Format} with {stored.Roots.Count} roots is not known");
            }

            return new ClusterAuthority(
                new ClusterName(stored.Cluster), [.. stored.Roots.Select(Read)], stored.Stage, stored.Since, stored.CertificateLifetime, stored.Denied);
        }
        catch (Exception malformed) when (malformed is JsonException or ArgumentException or CryptographicException)
        {
            throw CertificateErrors.Malformed(Path, malformed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    internal async ValueTask WriteAsync(ClusterAuthority authority, CancellationToken cancellationToken)
    {
        PrivateFile.CreateFolder(folder);
        var stored = new StoredAuthority(
            FormatVersion, authority.Cluster.Value, authority.Stage, authority.Since, authority.CertificateLifetime,
            [.. authority.Roots.Select(Write)], authority.Denied);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(stored, StoredJson.Default.StoredAuthority);
        try
        {
            await PrivateFile.ReplaceAsync(Path, bytes, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            stored.Roots.ToList().ForEach(root => CryptographicOperations.ZeroMemory(root.Key));
        }
    }

    private static StoredRoot Write(AuthorityRoot root) => new(root.Certificate.RawData, root.ExportKey());

    private static AuthorityRoot Read(StoredRoot stored)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(stored.Key, out _);
        CryptographicOperations.ZeroMemory(stored.Key);
        return new AuthorityRoot(X509CertificateLoader.LoadCertificate(stored.Certificate), key);
    }

    internal sealed record StoredRoot(byte[] Certificate, byte[] Key)
    {
        public override string ToString() => "a root with its key";
    }

    internal sealed record StoredAuthority(
        int Format, string Cluster, RotationStage Stage, DateTimeOffset Since, TimeSpan CertificateLifetime, IReadOnlyList<StoredRoot> Roots,
        IReadOnlyList<string> Denied);

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, UseStringEnumConverter = true)]
    [JsonSerializable(typeof(StoredAuthority))]
    private sealed partial class StoredJson : JsonSerializerContext;
}

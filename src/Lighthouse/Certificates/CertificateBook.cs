using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kyberium.Engine;
using Kyberium.Engine.Keyring;

namespace Kyberium.Lighthouse.Certificates;

/// <summary>A certificate that was issued, while its time lasts, or denied, until others are after its time.</summary>
/// <param name="Serial">Its serial number, hexadecimal.</param>
/// <param name="Node">Whose it is; empty when it was denied by its number and not issued here.</param>
/// <param name="Until">When its time is over.</param>
/// <param name="DeniedAt">Since when it is refused; <see langword="null"/>: it is not.</param>
/// <param name="DeniedBy">Who denied it: the user who ran the command.</param>
internal sealed record BookedCertificate(string Serial, string Node, DateTimeOffset Until, DateTimeOffset? DeniedAt = null, string? DeniedBy = null);

/// <summary>Which certificates there are, beside the authority: one file, mode 0600, replaced in one step. Whoever changes it holds the folder's lock.</summary>
internal sealed partial class CertificateBook(string folder)
{
    private const int SizeMax = 64 << 20;

    private readonly string _path = Path.Combine(folder, "certificates.json");

    /// <exception cref="EngineException"><see cref="EngineErrorCode.ClusterCertificateUnusable"/>: malformed.</exception>
    internal async ValueTask<IReadOnlyList<BookedCertificate>> ReadAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await PrivateFile.ReadAsync(_path, SizeMax, cancellationToken) is not { } bytes)
        {
            return [];
        }

        try
        {
            var booked = JsonSerializer.Deserialize(bytes, BookJson.Default.IReadOnlyListBookedCertificate)!;
            return [.. booked.Where(certificate => certificate.Until > now || certificate.DeniedAt is not null)];
        }
        catch (JsonException malformed)
        {
            throw LighthouseErrors.BookMalformed(_path, malformed);
        }
    }

    /// <summary>Books a certificate that was just issued.</summary>
    internal async ValueTask AddAsync(X509Certificate2 certificate, NodeId node, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var booked = await ReadAsync(now, cancellationToken);
        await WriteAsync([.. booked, new BookedCertificate(certificate.SerialNumber, node.Value, certificate.NotAfter.ToUniversalTime())], cancellationToken);
    }

    /// <summary>Replaces what is booked.</summary>
    internal ValueTask WriteAsync(IReadOnlyList<BookedCertificate> booked, CancellationToken cancellationToken) =>
        PrivateFile.ReplaceAsync(_path, JsonSerializer.SerializeToUtf8Bytes(booked, BookJson.Default.IReadOnlyListBookedCertificate), cancellationToken);

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true,
        RespectNullableAnnotations = true)]
    [JsonSerializable(typeof(IReadOnlyList<BookedCertificate>))]
    private sealed partial class BookJson : JsonSerializerContext;
}

using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kyberium.Engine.Keyring;

namespace Kyberium.Engine.Cluster.Joining;

/// <summary>Join tokens as files, each with the digest of its secret: whoever reads the folder cannot join. Several processes may share it.</summary>
/// <remarks>A token for one node is used up by renaming its file, which one of several processes can do.</remarks>
internal sealed partial class TokenFolder(string folder)
{
    private const int SizeMax = 4 << 10;

    /// <summary>Makes a token.</summary>
    internal async ValueTask AddAsync(JoinToken token, DateTimeOffset expires, bool isForMany, CancellationToken cancellationToken)
    {
        PrivateFile.CreateFolder(folder);
        var stored = new StoredToken(SHA256.HashData(token.Secret.Span), expires, isForMany);
        await PrivateFile.ReplaceAsync(PathOf(token.Id), JsonSerializer.SerializeToUtf8Bytes(stored, TokenJson.Default.StoredToken), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Says whether the secret is that of a token in force, and uses it up if it is for one node.</summary>
    /// <returns>Why not, for the log; <see langword="null"/>: it is.</returns>
    internal async ValueTask<string?> UseAsync(string id, ReadOnlyMemory<byte> secret, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (id.Length != 16 || !id.All(char.IsAsciiHexDigitLower))
        {
            return "it has no token's name";
        }

        if (await PrivateFile.ReadAsync(PathOf(id), SizeMax, cancellationToken).ConfigureAwait(false) is not { } bytes)
        {
            return File.Exists(UsedPathOf(id)) ? "it was used before" : "there is no such token";
        }

        var stored = JsonSerializer.Deserialize(bytes, TokenJson.Default.StoredToken);
        if (stored is null || !CryptographicOperations.FixedTimeEquals(stored.SecretDigest, SHA256.HashData(secret.Span)))
        {
            return "its secret is wrong";
        }

        if (now >= stored.Expires)
        {
            return "it has expired";
        }

        return stored.IsForMany || TryTake(id) ? null : "it was used before";
    }

    private bool TryTake(string id)
    {
        try
        {
            File.Move(PathOf(id), UsedPathOf(id));
            return true;
        }
        catch (IOException)
        {
            return false;       // another process was faster
        }
    }

    private string PathOf(string id) => Path.Combine(folder, id + ".json");

    private string UsedPathOf(string id) => Path.Combine(folder, id + ".used");

    internal sealed record StoredToken(byte[] SecretDigest, DateTimeOffset Expires, bool IsForMany);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(StoredToken))]
    private sealed partial class TokenJson : JsonSerializerContext;
}

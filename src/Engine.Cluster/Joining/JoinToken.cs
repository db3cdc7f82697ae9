using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kyberium.Engine.Cluster.Joining;

/// <summary>What a new node is given by hand: <c>kyj1.ID.SECRET.ROOT</c>. The secret is shown to a Lighthouse, and only to one whose root has the digest ROOT.</summary>
/// <param name="Id">16 hexadecimal digits; names the token in files and logs.</param>
internal sealed record JoinToken(string Id, ReadOnlyMemory<byte> Secret, ReadOnlyMemory<byte> RootDigest)
{
    internal const int SecretSize = 32;

    private const string Prefix = "kyj1";

    internal static JoinToken Create(X509Certificate2 root) => new(
        Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), RandomNumberGenerator.GetBytes(SecretSize), SHA256.HashData(root.RawData));

    internal static JoinToken? TryParse(string text)
    {
        var parts = text.Trim().Split('.');
        if (parts.Length != 4 || parts[0] != Prefix || parts[1].Length != 16 || !parts[1].All(char.IsAsciiHexDigitLower)
            || Decode(parts[2]) is not { } secret || Decode(parts[3]) is not { } root)
        {
            return null;
        }

        return new JoinToken(parts[1], secret, root);
    }

    /// <summary>Writes the token for whoever starts the node: the secret is in it.</summary>
    internal string Reveal() => $"{Prefix}.{Id}.{Base64Url.EncodeToString(Secret.Span)}.{Base64Url.EncodeToString(RootDigest.Span)}";

    public override string ToString() => $"join token {Id}";

    private static byte[]? Decode(string text)
    {
        var bytes = new byte[SecretSize];
        return Base64Url.IsValid(text, out var length) && length == SecretSize && Base64Url.TryDecodeFromChars(text, bytes, out _) ? bytes : null;
    }
}

using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Journal;

/// <summary>An unwrapped data key of one shard.</summary>
/// <param name="number">1 for the shard's first; rises with each rotation.</param>
/// <param name="createdAtUnixMillis">When it was drawn, by its maker's wall clock.</param>
/// <param name="secret">32 bytes; owned by this object.</param>
internal sealed class DataKey(uint number, long createdAtUnixMillis, SecretBytes secret) : IDisposable
{
    internal const int Size = 32;

    internal uint Number => number;

    internal long CreatedAtUnixMillis => createdAtUnixMillis;

    internal SecretBytes Secret => secret;

    public void Dispose() => secret.Dispose();

    public override string ToString() => $"data key {number}";
}

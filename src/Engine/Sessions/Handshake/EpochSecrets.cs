using Kyberium.Engine.Cryptography;
namespace Kyberium.Engine.Sessions.Handshake;
internal sealed class EpochSecrets : IDisposable
{
    private readonly SecretBytes _b;
    internal EpochSecrets(ReadOnlySpan<byte> bytes) => _b = SecretBytes.CopyOf(bytes);
    internal ReadOnlySpan<byte> Reveal() => _b.Reveal();
    internal bool HasRoot { get; private set; } = true;
    internal void EraseRoot() => HasRoot = false;
    public void Dispose() => _b.Dispose();
}

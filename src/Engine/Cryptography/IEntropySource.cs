namespace Kyberium.Engine.Cryptography;

/// <summary>Where random bytes come from; a simulation gives its own.</summary>
internal interface IEntropySource
{
    /// <summary>Fills all of <paramref name="destination"/> with uniform, secret bytes. Thread-safe.</summary>
    void Fill(Span<byte> destination);
}

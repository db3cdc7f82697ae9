namespace Kyberium.Engine.Cryptography;

/// <summary>Gives uniformly random secret bytes. The engine's own draws from the platform; a seeded one makes steps repeatable.</summary>
internal interface IEntropySource
{
    /// <summary>Fills the whole span. Thread-safe unless the implementation says otherwise.</summary>
    void Fill(Span<byte> destination);
}

namespace Kyberium.Engine.Cryptography;

/// <summary>Whether a public key object trades memory for repeated use.</summary>
internal enum KeyFootprint
{
    /// <summary>Keeps what every encapsulation needs: the expanded matrix and vector (2.5 to 10 KiB) and, for a hybrid, the
    /// imported curve point (about 2 KiB native). For keys used again and again, such as pinned ones in use.</summary>
    Expanded,

    /// <summary>Keeps the key's bytes and their hash only, and expands again at each use. For keys used once or rarely.</summary>
    Compact,
}

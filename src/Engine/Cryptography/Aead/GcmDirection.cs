namespace Kyberium.Engine.Cryptography.Aead;

/// <summary>Whether GHASH reads what comes out (sealing) or what goes in (opening); known to the compiler.</summary>
internal interface IGcmDirection
{
    static abstract bool Opens { get; }
}

/// <summary>From plaintext to ciphertext.</summary>
internal readonly struct Sealing : IGcmDirection
{
    public static bool Opens => false;
}

/// <summary>From ciphertext to plaintext.</summary>
internal readonly struct Opening : IGcmDirection
{
    public static bool Opens => true;
}

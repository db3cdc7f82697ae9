namespace Kyberium.Engine;

/// <summary>A protocol suite; the number stands in every envelope (docs/formats/envelope.md).</summary>
public enum Suite
{
    /// <summary><c>Noise_pqIK_MLKEM768P256_AESGCM_SHA512</c>: hybrid, the default.</summary>
    MLKem768P256 = 0x0001,

    /// <summary><c>Noise_pqIK_MLKEM1024P384_AESGCM_SHA512</c>: hybrid, for high protection levels.</summary>
    MLKem1024P384 = 0x0002,

    /// <summary><c>Noise_pqIK_MLKEM512_AESGCM_SHA512</c>.</summary>
    MLKem512 = 0x0003,

    /// <summary><c>Noise_pqIK_MLKEM768_AESGCM_SHA512</c>.</summary>
    MLKem768 = 0x0004,

    /// <summary><c>Noise_pqIK_MLKEM1024_AESGCM_SHA512</c>: the KEM of CNSA 2.0.</summary>
    MLKem1024 = 0x0005,
}

using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Wire;

/// <summary>The one table from a suite's number to its mechanism.</summary>
internal static class SuiteKems
{
    internal static Kem Of(Suite suite) => suite switch
    {
        Suite.MLKem768P256 => Kem.MlKem768P256,
        Suite.MLKem1024P384 => Kem.MlKem1024P384,
        Suite.MLKem512 => Kem.MlKem512,
        Suite.MLKem768 => Kem.MlKem768,
        Suite.MLKem1024 => Kem.MlKem1024,
        _ => throw new ArgumentOutOfRangeException(nameof(suite), suite, "The suite is not one of this version."),
    };
}

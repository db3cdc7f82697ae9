using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Engine.Tests.Cryptography.Lattice;

/// <summary>Every parameter set on every backend this processor runs.</summary>
internal static class MlKemUnderTest
{
    internal static readonly MlKemParameters[] ParameterSets =
        [MlKemParameters.MlKem512, MlKemParameters.MlKem768, MlKemParameters.MlKem1024];

    public static TheoryData<string> Backends => [.. MlKemBackend.Supported.Select(backend => backend.Name)];

    internal static MlKemBackend Backend(string name) => MlKemBackend.Supported.Single(backend => backend.Name == name);

    /// <summary>Finds a parameter set by the name vectors use, such as <c>ML-KEM-768</c>.</summary>
    internal static MlKem Find(string parameterSet, string backend) => new(
        ParameterSets.Single(set => set.Name == parameterSet.Replace("-", "", StringComparison.Ordinal)), Backend(backend));

    internal static MlKemEncapsulationKey Import(MlKem kem, byte[] bytes, KeyFootprint footprint = KeyFootprint.Expanded) =>
        MlKemEncapsulationKey.TryImport(kem, bytes, footprint)
        ?? throw new InvalidOperationException("The encapsulation key was refused.");

    internal static (byte[] Ciphertext, byte[] Secret) Encapsulate(KemEncapsulationKey key, byte[] randomness)
    {
        var ciphertext = new byte[key.Kem.CiphertextSize];
        var secret = new byte[Kem.SharedSecretSize];
        key.Encapsulate(randomness, ciphertext, secret);
        return (ciphertext, secret);
    }

    internal static byte[] Decapsulate(KemDecapsulationKey key, byte[] ciphertext)
    {
        var secret = new byte[Kem.SharedSecretSize];
        Assert.True(key.TryDecapsulate(ciphertext, secret));
        return secret;
    }

    internal static byte[] Export(MlKem kem, MlKemDecapsulationKey key)
    {
        var expanded = new byte[kem.Parameters.ExpandedDecapsulationKeySize];
        key.ExportExpanded(expanded);
        return expanded;
    }
}

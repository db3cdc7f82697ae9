namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>ML-KEM (FIPS 203) with one parameter set on one backend.</summary>
internal sealed class MlKem(MlKemParameters parameters, MlKemBackend backend) : Kem
{
    internal override string NoiseName => Parameters.Name;

    internal override int SeedSize => MlKemParameters.SeedSize;

    internal override int EncapsulationKeySize => Parameters.EncapsulationKeySize;

    internal override int CiphertextSize => Parameters.CiphertextSize;

    internal override int EncapsulationRandomnessSize => MlKemParameters.SymmetricSize;

    internal MlKemParameters Parameters { get; } = parameters;

    internal MlKemBackend Backend { get; } = backend;

    internal override KemDecapsulationKey ImportSeed(ReadOnlySpan<byte> seed) => ImportMlKemSeed(seed);

    internal override KemEncapsulationKey? TryImportEncapsulationKey(
        ReadOnlyMemory<byte> encapsulationKey, KeyFootprint footprint) =>
        MlKemEncapsulationKey.TryImport(this, encapsulationKey, footprint);

    internal MlKemDecapsulationKey ImportMlKemSeed(ReadOnlySpan<byte> seed)
    {
        CryptographyArguments.ExactLength(seed, SeedSize, nameof(seed));
        return MlKemDecapsulationKey.FromSeed(this, seed);
    }
}

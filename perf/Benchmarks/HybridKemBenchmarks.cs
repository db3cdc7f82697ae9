using BenchmarkDotNet.Attributes;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Benchmarks;

/// <summary>MLKEM768-P256 with a cached key.</summary>
[MemoryDiagnoser]
public class HybridKemBenchmarks
{
    private readonly byte[] _seed = new byte[32];
    private readonly byte[] _secret = new byte[32];
    private byte[] _randomness = [];
    private byte[] _ciphertext = [];
    private KemDecapsulationKey _key = null!;

    [GlobalSetup]
    public void Prepare()
    {
        var kem = Kem.MlKem768P256;
        _key = kem.ImportSeed(_seed);
        _randomness = [.. Enumerable.Range(1, kem.EncapsulationRandomnessSize).Select(value => (byte)value)];
        _ciphertext = new byte[kem.CiphertextSize];
        _key.EncapsulationKey.Encapsulate(_randomness, _ciphertext, _secret);
    }

    [Benchmark]
    public void KeyGeneration() => Kem.MlKem768P256.ImportSeed(_seed).Dispose();

    [Benchmark]
    public void Encapsulate() => _key.EncapsulationKey.Encapsulate(_randomness, _ciphertext, _secret);

    [Benchmark]
    public bool Decapsulate() => _key.TryDecapsulate(_ciphertext, _secret);
}

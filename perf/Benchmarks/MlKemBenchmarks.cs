using BenchmarkDotNet.Attributes;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Benchmarks;

/// <summary>ML-KEM-768: the best backend of this machine and the scalar one. Checks its own result.</summary>
[MemoryDiagnoser]
public class MlKemBenchmarks
{
    private readonly byte[] _seed = [.. Enumerable.Range(0, 64).Select(value => (byte)value)];
    private readonly byte[] _randomness = new byte[32];
    private readonly byte[] _secret = new byte[32];
    private byte[] _ciphertext = [];
    private Kem _kem = Kem.MlKem768;
    private KemDecapsulationKey _key = null!;

    [Params("best", "scalar")]
    public string Backend { get; set; } = "best";

    [GlobalSetup]
    public void Prepare()
    {
        _kem = Backend == "best" ? Kem.MlKem768 : new MlKem(MlKemParameters.MlKem768, MlKemBackend.Scalar);
        _key = _kem.ImportSeed(_seed);
        _ciphertext = new byte[_kem.CiphertextSize];
        _key.EncapsulationKey.Encapsulate(_randomness, _ciphertext, _secret);
        var decapsulated = new byte[32];
        if (!_key.TryDecapsulate(_ciphertext, decapsulated) || !decapsulated.AsSpan().SequenceEqual(_secret))
        {
            throw new InvalidOperationException("decapsulation does not give what encapsulation gave");
        }
    }

    [Benchmark]
    public void KeyGeneration() => _kem.ImportSeed(_seed).Dispose();

    [Benchmark]
    public void Encapsulate() => _key.EncapsulationKey.Encapsulate(_randomness, _ciphertext, _secret);

    [Benchmark]
    public bool Decapsulate() => _key.TryDecapsulate(_ciphertext, _secret);
}

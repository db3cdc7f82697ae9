using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Load;

/// <summary>ML-KEM-768 of this project: with the best instructions of the processor, and without any.</summary>
internal static class KemRows
{
    private const int Calls = 3_000;

    internal static Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        List<Row> rows = [.. Rows(options, "best", Kem.MlKem768, 10, 10, 10)];
        rows.AddRange(Rows(options, "scalar", new MlKem(MlKemParameters.MlKem768, MlKemBackend.Scalar), 35, 35, 40));
        return Task.FromResult<IReadOnlyList<Row>>(rows);
    }

    private static IEnumerable<Row> Rows(LoadOptions options, string backend, Kem kem, double keygenMax, double encapsMax, double decapsMax)
    {
        var (seed, randomness) = (Bytes(1, kem.SeedSize), Bytes(2, kem.EncapsulationRandomnessSize));
        var (ciphertext, sent, received) = (new byte[kem.CiphertextSize], new byte[32], new byte[32]);
        using var key = kem.ImportSeed(seed);
        var bytes = key.EncapsulationKey.Bytes.ToArray();
        Row Row(string name, double max, Action call) =>
            new($"ML-KEM-768 {name}, {backend}", Repeated.Micros(options, Calls, call), "µs") { Bar = Bar.AtMost(max) };
        yield return Row("keygen", keygenMax, () => kem.ImportSeed(seed).Dispose());
        yield return Row("encaps, key imported for it", encapsMax, () => kem.TryImportEncapsulationKey(bytes)!.Encapsulate(randomness, ciphertext, sent));
        yield return Row("encaps, key imported before", encapsMax, () => key.EncapsulationKey.Encapsulate(randomness, ciphertext, sent));
        yield return Row("decaps", decapsMax, () => key.TryDecapsulate(ciphertext, received));
        if (!sent.AsSpan().SequenceEqual(received))
        {
            throw new InvalidOperationException("decapsulation does not give what encapsulation gave");
        }
    }

    private static byte[] Bytes(byte first, int count) => [.. Enumerable.Range(first, count).Select(value => (byte)value)];
}

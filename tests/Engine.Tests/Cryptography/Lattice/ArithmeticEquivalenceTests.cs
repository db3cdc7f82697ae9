using System.Security.Cryptography;
using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Engine.Tests.Cryptography.Lattice;

/// <summary>
/// Every vector loop gives bit for bit what the scalar loop gives, on random inputs over the whole range its contract
/// allows; a failure prints the case's seed. The scalar loops are checked against plain modular arithmetic.
/// </summary>
public sealed class ArithmeticEquivalenceTests
{
    private const int Cases = 300;
    private const int Q = Field.Q;

    private readonly ScalarArithmetic _scalar = new();

    public static TheoryData<string> VectorBackends =>
        [.. MlKemBackend.Supported.Where(b => b.Arithmetic is not ScalarArithmetic).Select(b => b.Name).DefaultIfEmpty("scalar")];

    public static TheoryData<string, int> VectorBackendsAndWidths
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (var backend in MlKemBackend.Supported)
            {
                foreach (var bits in new[] { 4, 5, 10, 11 })
                {
                    cases.Add(backend.Name, bits);
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(VectorBackends))]
    public void Transforms_agree(string backend)
    {
        Compare(backend, -Q, Q, (arithmetic, p) => arithmetic.Transform(p));
        Compare(backend, -Q, Q, (arithmetic, p) => arithmetic.InverseTransform(p));
        Compare(backend, -32_768, 32_767, (arithmetic, p) => arithmetic.InverseTransform(p));
    }

    [Theory, MemberData(nameof(VectorBackends))]
    public void Sums_and_representatives_agree(string backend)
    {
        var other = Random(new Random(7), -Q, Q);
        Compare(backend, -Q, Q, (arithmetic, p) => arithmetic.Add(p, other));
        Compare(backend, -Q, Q, (arithmetic, p) => arithmetic.SubtractFrom(other, p));
        Compare(backend, -Q, Q, (arithmetic, p) => arithmetic.ScaleAndAdd(p, other));
        Compare(backend, -Q + 1, Q - 1, (arithmetic, p) => arithmetic.MakeCanonical(p));
    }

    [Theory, MemberData(nameof(VectorBackends))]
    public void Inner_products_agree(string backend)
    {
        var vector = MlKemUnderTest.Backend(backend).Arithmetic;
        for (var seed = 0; seed < Cases; seed++)
        {
            var random = new Random(seed);
            var count = (seed % 4) + 1;
            var stride = seed % 2 == 0 ? Field.Degree : Field.Degree * count;
            var left = Enumerable.Range(0, count * count).SelectMany(_ => Random(random, seed % 3 == 0 ? Q - 1 : -Q, Q)).ToArray();
            short[] first = Prepared(_scalar, new Random(seed), count), second = Prepared(vector, new Random(seed), count);
            Assert.True(first.AsSpan().SequenceEqual(second), $"prepared, seed {seed}");
            short[] expected = new short[256], actual = new short[256];
            _scalar.InnerProduct(left, stride, first, count, expected);
            vector.InnerProduct(left, stride, second, count, actual);
            Assert.True(expected.AsSpan().SequenceEqual(actual), $"inner product, seed {seed}");
        }
    }

    [Theory, MemberData(nameof(VectorBackends))]
    public void Sampling_agrees(string backend)
    {
        var vector = MlKemUnderTest.Backend(backend).Arithmetic;
        for (var seed = 0; seed < Cases; seed++)
        {
            var random = new Random(seed);
            var stream = new byte[192];
            random.NextBytes(stream);
            for (var i = 0; i < seed % 40; i++)
            {
                stream[random.Next(stream.Length)] = 0xFF;   // more rejections than usual
            }

            short[] expected = new short[256], actual = new short[256];
            foreach (var missing in new[] { 256, 112, 20, 16, 15, 1 })
            {
                var count = _scalar.SampleUniform(stream.AsSpan(0, 168), expected.AsSpan(0, missing));
                Assert.Equal(count, vector.SampleUniform(stream.AsSpan(0, 168), actual.AsSpan(0, missing)));
                Assert.True(expected.AsSpan(0, count).SequenceEqual(actual.AsSpan(0, count)), $"uniform {missing}, seed {seed}");
            }

            foreach (var eta in new[] { 2, 3 })
            {
                _scalar.SampleBinomial(stream.AsSpan(0, 64 * eta), eta, expected);
                vector.SampleBinomial(stream.AsSpan(0, 64 * eta), eta, actual);
                Assert.True(expected.AsSpan().SequenceEqual(actual), $"binomial {eta}, seed {seed}");
            }
        }
    }

    [Theory, MemberData(nameof(VectorBackendsAndWidths))]
    public void Compression_rounds_exactly_and_back(string backend, int bits)
    {
        var arithmetic = MlKemUnderTest.Backend(backend).Arithmetic;
        for (var start = 0; start < Q; start += 256)
        {
            var polynomial = Enumerable.Range(start, 256).Select(c => (short)Math.Min(c, Q - 1)).ToArray();
            var encoded = new byte[32 * bits];
            arithmetic.Compress(polynomial, bits, encoded);
            var numbers = polynomial.Select(c => (int)Math.Round((double)c * (1 << bits) / Q) % (1 << bits)).ToArray();
            VectorJson.AssertBytes($"compress from {start}", Pack(numbers, bits), encoded);

            var decompressed = new short[256];
            arithmetic.Decompress(encoded, bits, decompressed);
            Assert.Equal(
                numbers.Select(y => (short)Math.Round((double)y * Q / (1 << bits), MidpointRounding.AwayFromZero)), decompressed);
        }
    }

    [Theory, MemberData(nameof(VectorBackends))]
    public void Encoding_and_messages_agree(string backend)
    {
        var vector = MlKemUnderTest.Backend(backend).Arithmetic;
        for (var seed = 0; seed < Cases; seed++)
        {
            var random = new Random(seed);
            var polynomial = Random(random, 0, Q - 1);
            byte[] expected = new byte[384], actual = new byte[384];
            _scalar.Encode(polynomial, expected);
            vector.Encode(polynomial, actual);
            VectorJson.AssertBytes($"encode, seed {seed}", expected, actual);

            if (seed % 2 == 0)
            {
                random.NextBytes(expected);   // numbers of q and above among them
            }

            short[] first = new short[256], second = new short[256];
            var allBelow = _scalar.Decode(expected, first);
            Assert.Equal(seed % 2 == 1, allBelow);
            Assert.Equal(allBelow, vector.Decode(expected, second));
            Assert.True(first.AsSpan().SequenceEqual(second), $"decode, seed {seed}");

            byte[] message = new byte[32], other = new byte[32];
            _scalar.ToMessage(polynomial, message);
            vector.ToMessage(polynomial, other);
            VectorJson.AssertBytes($"message, seed {seed}", message, other);
            _scalar.FromMessage(message, first);
            vector.FromMessage(message, second);
            Assert.True(first.AsSpan().SequenceEqual(second), $"from message, seed {seed}");
        }
    }

    [Fact]
    public void A_single_number_of_q_or_above_is_noticed_anywhere()
    {
        foreach (var backend in MlKemBackend.Supported)
        {
            for (var at = 0; at < 256; at++)
            {
                var polynomial = new short[256];
                polynomial[at] = Field.Q;
                var encoded = new byte[384];
                backend.Arithmetic.Encode(polynomial, encoded);
                Assert.False(backend.Arithmetic.Decode(encoded, polynomial), $"{backend.Name} at {at}");
                polynomial[at] = Field.Q - 1;
                backend.Arithmetic.Encode(polynomial, encoded);
                Assert.True(backend.Arithmetic.Decode(encoded, polynomial), $"{backend.Name} at {at}");
            }
        }
    }

    [Fact]
    public void A_message_bit_is_the_nearer_of_zero_and_half_of_q()
    {
        foreach (var backend in MlKemBackend.Supported)
        {
            for (var start = 0; start < Q; start += 256)
            {
                var polynomial = Enumerable.Range(start, 256).Select(c => (short)Math.Min(c, Q - 1)).ToArray();
                var message = new byte[32];
                backend.Arithmetic.ToMessage(polynomial, message);
                var bits = polynomial.Select(c => (int)Math.Round(2.0 * c / Q) % 2).ToArray();
                VectorJson.AssertBytes($"{backend.Name} from {start}", Pack(bits, 1), message);
            }
        }
    }

    [Fact]
    public void Reductions_are_congruent_and_in_range()
    {
        for (var a = (int)short.MinValue; a <= short.MaxValue; a++)
        {
            var centred = Field.BarrettReduce((short)a);
            Assert.InRange(centred, -(Q - 1) / 2, (Q - 1) / 2);
            Assert.Equal(0, (a - centred) % Q);
            var product = Field.MontgomeryMultiply((short)a, 1_234);
            Assert.InRange(product, -Q + 1, Q - 1);
            Assert.Equal(0, ((product * 65_536L) - (a * 1_234L)) % Q);
        }
    }

    // Multiplication of polynomials modulo X^256 + 1, done the school way.
    [Fact]
    public void Transformed_products_are_polynomial_products()
    {
        foreach (var backend in MlKemBackend.Supported)
        {
            var random = new Random(11);
            short[] a = Random(random, 0, Q - 1), b = Random(random, 0, Q - 1), product = new short[256];
            var expected = new long[256];
            for (var i = 0; i < 256; i++)
            {
                for (var j = 0; j < 256; j++)
                {
                    expected[(i + j) & 255] += (i + j < 256 ? 1 : -1) * a[i] * b[j];
                }
            }

            var prepared = new short[PolynomialArithmetic.PreparedLength];
            backend.Arithmetic.Transform(a);
            backend.Arithmetic.Transform(b);
            backend.Arithmetic.Prepare(b, prepared);
            backend.Arithmetic.InnerProduct(a, 256, prepared, 1, product);
            backend.Arithmetic.InverseTransform(product);
            Assert.Equal(expected.Select(c => ((c % Q) + Q) % Q), product.Select(c => (long)((c + Q) % Q)));
        }
    }

    private void Compare(string backend, int from, int to, Action<PolynomialArithmetic, short[]> operation)
    {
        var vector = MlKemUnderTest.Backend(backend).Arithmetic;
        for (var seed = 0; seed < Cases; seed++)
        {
            short[] expected = Random(new Random(seed), from, to), actual = [.. expected];
            if (seed < 2)
            {
                Array.Fill(expected, (short)(seed == 0 ? from : to));
                Array.Fill(actual, (short)(seed == 0 ? from : to));
            }

            operation(_scalar, expected);
            operation(vector, actual);
            Assert.True(expected.AsSpan().SequenceEqual(actual), $"seed {seed}");
        }
    }

    private static short[] Prepared(PolynomialArithmetic arithmetic, Random random, int count)
    {
        var prepared = new short[count * PolynomialArithmetic.PreparedLength];
        for (var i = 0; i < count; i++)
        {
            arithmetic.Prepare(
                Random(random, -(Q - 1) / 2, (Q - 1) / 2),
                prepared.AsSpan(i * PolynomialArithmetic.PreparedLength, PolynomialArithmetic.PreparedLength));
        }

        return prepared;
    }

    private static short[] Random(Random random, int from, int to) =>
        [.. Enumerable.Range(0, 256).Select(_ => (short)random.Next(from, to + 1))];

    private static byte[] Pack(int[] numbers, int bits)
    {
        var bytes = new byte[numbers.Length * bits / 8];
        for (var bit = 0; bit < numbers.Length * bits; bit++)
        {
            bytes[bit / 8] |= (byte)(((numbers[bit / bits] >> (bit % bits)) & 1) << (bit % 8));
        }

        return bytes;
    }
}

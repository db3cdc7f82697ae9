using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.SelfTest;

namespace Kyberium.Engine.Tests.Cryptography.SelfTest;

public sealed class CryptographicSelfTestTests
{
    public static TheoryData<string> Algorithms => [.. KnownAnswers.All.Select(test => test.Algorithm).Distinct()];

    [Fact]
    public void Every_algorithm_gives_its_known_answer() => CryptographicSelfTest.Run();

    [Fact]
    public void All_algorithms_are_covered() => Assert.Equal(
        [
            "SHA3-256", "SHA3-512", "SHAKE128", "SHAKE256", "HKDF-SHA512",
            "AES-256-GCM (platform)", .. AeadProvider.IntrinsicWidths.Select(provider => $"AES-256-GCM ({provider.Name})"),
            "ML-KEM-512", "ML-KEM-768", "ML-KEM-1024", "MLKEM768-P256", "MLKEM1024-P384",
        ],
        KnownAnswers.All.Select(test => test.Algorithm).Distinct());

    [Theory, MemberData(nameof(Algorithms))]
    public void A_wrong_answer_names_the_algorithm(string algorithm)
    {
        var cases = KnownAnswers.All.Select(test => test.Algorithm == algorithm ? Corrupted(test) : test);
        Assert.Equal(algorithm, Assert.Throws<SelfTestFailedException>(() => CryptographicSelfTest.Run(cases)).Algorithm);
    }

    [Fact]
    public void An_algorithm_that_throws_has_failed()
    {
        var broken = KnownAnswers.All[0] with { Compute = () => throw new InvalidOperationException("broken") };
        var failure = Assert.Throws<SelfTestFailedException>(() => CryptographicSelfTest.Run([broken]));
        Assert.Equal(broken.Algorithm, failure.Algorithm);
        Assert.IsType<InvalidOperationException>(failure.InnerException);
    }

    private static SelfTestCase Corrupted(SelfTestCase test)
    {
        var answer = test.Answer.ToArray();
        answer[^1] ^= 0x80;
        return test with { Answer = answer };
    }
}

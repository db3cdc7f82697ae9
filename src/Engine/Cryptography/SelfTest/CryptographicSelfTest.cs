namespace Kyberium.Engine.Cryptography.SelfTest;

/// <summary>Checks every algorithm against known answers before the engine uses any (FIPS 140-3 IG 10.3.A).</summary>
/// <remarks>Runs on the same objects the engine then uses, so the implementation chosen for this processor is what is
/// checked.</remarks>
internal static class CryptographicSelfTest
{
    /// <summary>Runs all checks: some 15 ms once compiled (mostly P-384), several times that on the first run of a process.</summary>
    /// <exception cref="SelfTestFailedException">An algorithm gave another answer.</exception>
    internal static void Run() => Run(KnownAnswers.All);

    /// <summary>Runs the given checks in order and stops at the first that fails.</summary>
    internal static void Run(IEnumerable<SelfTestCase> cases)
    {
        foreach (var test in cases)
        {
            if (!Compute(test).AsSpan().SequenceEqual(test.Answer))
            {
                throw new SelfTestFailedException(test.Algorithm);
            }
        }
    }

    private static byte[] Compute(SelfTestCase test)
    {
        try
        {
            return test.Compute();
        }
#pragma warning disable CA1031 // whatever an algorithm throws on its own known input is its failure
        catch (Exception cause)
#pragma warning restore CA1031
        {
            throw new SelfTestFailedException(test.Algorithm, cause);
        }
    }
}

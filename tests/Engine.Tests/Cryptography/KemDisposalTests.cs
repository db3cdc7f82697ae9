using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.Hybrid;
using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Engine.Tests.Cryptography;

/// <summary>What disposal leaves of private keys. Runs alone: others would be given the memory at once.</summary>
[Collection(nameof(SecretMemoryAlone))]
public sealed class KemDisposalTests
{
    public static TheoryData<string> LatticeNames => KemPropertyTests.LatticeNames;

    public static TheoryData<string> HybridNames => KemPropertyTests.HybridNames;

    [Theory, MemberData(nameof(LatticeNames))]
    public void Disposal_zeroes_a_lattice_key(string name)
    {
        var key = (MlKemDecapsulationKey)KemPropertyTests.Kems[name].ImportSeed(RandomNumberGenerator.GetBytes(64));
        AssertZeroedBy(key, key.Secret);
        Assert.Throws<ObjectDisposedException>(() => key.TryDecapsulate(new byte[KemPropertyTests.Kems[name].CiphertextSize], new byte[32]));
    }

    [Theory, MemberData(nameof(HybridNames))]
    public void Disposal_zeroes_both_parts_of_a_hybrid_key(string name)
    {
        var key = (HybridDecapsulationKey)KemPropertyTests.Kems[name].ImportSeed(RandomNumberGenerator.GetBytes(32));
        AssertZeroedBy(key, ((MlKemDecapsulationKey)key.Lattice).Secret, key.Curve.Scalar);
    }

    private static unsafe void AssertZeroedBy(IDisposable key, params SecretBytes[] secrets)
    {
        // The memory is pinned, so a pointer still sees it after disposal has closed the door.
        var spans = secrets.Select(secret =>
        {
            fixed (byte* start = secret.Reveal())
            {
                return ((nint)start, secret.Length);
            }
        }).ToArray();
        foreach (var (start, length) in spans)
        {
            Assert.True(new ReadOnlySpan<byte>((void*)start, length).IndexOfAnyExcept((byte)0) >= 0);
        }

        key.Dispose();
        foreach (var (start, length) in spans)
        {
            Assert.True(new ReadOnlySpan<byte>((void*)start, length).IndexOfAnyExcept((byte)0) < 0);
        }
    }
}

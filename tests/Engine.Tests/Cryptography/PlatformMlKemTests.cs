using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.Lattice;
using Kyberium.Engine.Cryptography.SelfTest;
using Kyberium.Engine.Tests.Cryptography.Lattice;
using Kyberium.Engine.Tests.Engine;

namespace Kyberium.Engine.Tests.Cryptography;

/// <summary>Private keys in the platform's hands. Whether this machine's platform has ML-KEM or not, both cases are tested: a
/// stand-in computes with the engine's own code behind the same seam.</summary>
public sealed class PlatformMlKemTests
{
    public static TheoryData<string> Names => ["MLKEM512", "MLKEM768", "MLKEM1024", "MLKEM768P256", "MLKEM1024P384"];

    [Theory, MemberData(nameof(Names))]
    public void Keys_of_the_platforms_ml_kem_agree_with_the_engines_own(string name) =>
        AssertAgree(KemPrivateKeys.Of(PlatformLattice.System.IsSupported ? PlatformLattice.System : new StandIn()), KemOf(name));

    [Theory, MemberData(nameof(Names))]
    public void Keys_behind_the_seam_agree_with_the_engines_own(string name) => AssertAgree(KemPrivateKeys.Of(new StandIn()), KemOf(name));

    [Fact]
    public async Task An_engine_told_to_use_the_platform_makes_sessions_with_one_that_is_not()
    {
        var network = new InMemoryNetwork();
        await using var alice = new Party("alice", network, options => options.Cryptography.MlKemProvider = "platform") { Lattice = new StandIn() };
        await using var bob = new Party("bob", network);
        await alice.StartAsync();
        await bob.StartAsync();
        await alice.Engine.CreateIdentityAsync(IdentityName.Default, [Suite.MLKem768P256, Suite.MLKem1024]);
        await bob.Engine.CreateIdentityAsync(IdentityName.Default);
        await alice.KnowAsync(bob);
        await bob.KnowAsync(alice);

        Assert.Equal("hello", await bob.OpenAsync(await alice.SealAsync(bob, "hello")));
        await bob.Engine.CloseAsync(alice.Id);
        await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).Session.Length == 0);
        Assert.Equal("hello again", await alice.OpenAsync(await bob.SealAsync(alice, "hello again")));
        Assert.True(((StandIn)alice.Lattice!).Decapsulations > 0);

        alice.Configure = null;     // the same store under the engine's own code: nothing of the keys depends on who held them
        await alice.RestartAsync();
        Assert.Equal("after", await bob.OpenAsync(await alice.SealAsync(bob, "after")));
    }

    [Fact]
    public async Task An_engine_told_to_use_a_platform_that_has_none_does_not_start_and_says_what_to_do()
    {
        var party = new Party("alice", new InMemoryNetwork(), options => options.Cryptography.MlKemProvider = "platform")
        {
            Lattice = new StandIn { IsMissing = true },
        };

        var refusal = await Assert.ThrowsAsync<EngineException>(() => party.StartAsync());

        Assert.Equal(EngineErrorCode.ProviderUnavailable, refusal.Code);
        Assert.Contains("kyberium.engine.cryptography.ml-kem-provider", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("remove the setting", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task This_machines_platform_is_used_or_refused()
    {
        var party = new Party("alice", new InMemoryNetwork(), options => options.Cryptography.MlKemProvider = "platform");
        var start = party.StartAsync();

        if (PlatformLattice.System.IsSupported)
        {
            await start;
            await party.DisposeAsync();
        }
        else
        {
            Assert.Equal(EngineErrorCode.ProviderUnavailable, await Party.CodeOfAsync(() => start));
        }
    }

    [Theory, InlineData(0), InlineData(1)]
    public async Task A_platform_that_computes_wrongly_is_found_at_the_start(int wrong)
    {
        var lattice = new StandIn { Wrong = wrong == 0 ? StandIn.Fault.Secret : StandIn.Fault.Rejection };
        var party = new Party("alice", new InMemoryNetwork(), options => options.Cryptography.MlKemProvider = "platform") { Lattice = lattice };

        Assert.Equal(EngineErrorCode.SelfTestFailed, await Party.CodeOfAsync(() => party.StartAsync()));
        Assert.Equal(
            "ML-KEM-512",
            Assert.Throws<SelfTestFailedException>(() => CryptographicSelfTest.Run(KnownAnswers.Kems(KemPrivateKeys.Of(lattice)))).Algorithm);
    }

    private static Kem KemOf(string name) =>
        new[] { Kem.MlKem512, Kem.MlKem768, Kem.MlKem1024, Kem.MlKem768P256, Kem.MlKem1024P384 }.Single(kem => kem.NoiseName == name);

    private static void AssertAgree(KemPrivateKeys keys, Kem kem)
    {
        var seed = RandomNumberGenerator.GetBytes(kem.SeedSize);
        using var own = kem.ImportSeed(seed);
        using var platform = keys.ImportSeed(kem, seed);
        Assert.Equal(own.EncapsulationKey.Bytes.ToArray(), platform.EncapsulationKey.Bytes.ToArray());
        Assert.Same(own.EncapsulationKey.Kem, platform.EncapsulationKey.Kem);
        var (ciphertext, secret) = MlKemUnderTest.Encapsulate(platform.EncapsulationKey, RandomNumberGenerator.GetBytes(kem.EncapsulationRandomnessSize));
        Assert.Equal(secret, MlKemUnderTest.Decapsulate(platform, ciphertext));
        ciphertext[0] ^= 1;
        Assert.Equal(MlKemUnderTest.Decapsulate(own, ciphertext), MlKemUnderTest.Decapsulate(platform, ciphertext));
        Assert.False(platform.TryDecapsulate(ciphertext.AsSpan(1), new byte[32]));
    }

    /// <summary>A platform that computes with the engine's own code, counts, and can be told to be missing or wrong.</summary>
    private sealed class StandIn : PlatformLattice
    {
        private int _decapsulations;

        internal enum Fault
        {
            None,
            Secret,
            Rejection,
        }

        internal bool IsMissing { get; init; }

        internal Fault Wrong { get; init; }

        internal int Decapsulations => _decapsulations;

        internal override bool IsSupported => !IsMissing;

        internal override PlatformLatticeKey ImportSeed(MlKemParameters parameters, ReadOnlySpan<byte> seed) => new Key(
            this, new[] { Kem.MlKem512, Kem.MlKem768, Kem.MlKem1024 }.Single(kem => ((MlKem)kem).Parameters == parameters).ImportSeed(seed));

        private sealed class Key(StandIn platform, KemDecapsulationKey key) : PlatformLatticeKey
        {
            private int _calls;

            internal override byte[] ExportEncapsulationKey() => key.EncapsulationKey.Bytes.ToArray();

            internal override void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
            {
                Assert.True(key.TryDecapsulate(ciphertext, sharedSecret));
                var isRejected = ++_calls > 1;      // the self-test's second ciphertext is the changed one
                Interlocked.Increment(ref platform._decapsulations);
                if (platform.Wrong == Fault.Secret || (platform.Wrong == Fault.Rejection && isRejected))
                {
                    sharedSecret[0] ^= 1;
                }
            }

            public override void Dispose() => key.Dispose();
        }
    }
}

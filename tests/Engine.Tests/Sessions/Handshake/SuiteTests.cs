using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Handshake;

/// <summary>A whole handshake in every suite. Goal: the sizes docs/formats/handshake.md gives, one hash, equal epoch secrets.</summary>
public sealed class SuiteTests
{
    [Theory]
    [InlineData(Suite.MLKem768P256, 160, 3_683, 2_338)]
    [InlineData(Suite.MLKem1024P384, 80, 5_027, 3_362)]
    [InlineData(Suite.MLKem512, 32, 2_400, 1_568)]
    [InlineData(Suite.MLKem768, 32, 3_488, 2_208)]
    [InlineData(Suite.MLKem1024, 32, 4_736, 3_168)]
    public void Handshake_completes_with_the_documented_sizes(Suite suite, int randomness, int size1, int size2)
    {
        var kem = SuiteKems.Of(suite);
        var entropy = new SeededEntropy((int)suite);
        Assert.Equal(randomness, kem.EncapsulationRandomnessSize);
        Assert.Equal(size1, PqIk.Message1Size(kem, 0));
        Assert.Equal(size2, PqIk.Message2Size(kem, 0));
        using var initiator = kem.ImportSeed(entropy.Bytes(kem.SeedSize));
        using var responder = kem.ImportSeed(entropy.Bytes(kem.SeedSize));
        byte[] message1 = new byte[size1], message2 = new byte[size2];
        using var attempt = InitiatorAttempt.Start(
            responder.EncapsulationKey, initiator, kem.ImportSeed(entropy.Bytes(kem.SeedSize)), [1], [],
            entropy.Bytes(PqIk.Message1RandomnessSize(kem)), message1);
        Assert.True(ResponderOpening.TryOpen(responder, [1], message1, out var opening));
        using var answered = opening.Answer(
            initiator.EncapsulationKey, [], entropy.Bytes(PqIk.Message2RandomnessSize(kem)), message2);
        Assert.True(attempt.TryFinish(message2, out var finished, out _));

        using var mine = KeySchedule.Start(answered, out var mySession);
        using var yours = KeySchedule.Start(finished, out var yourSession);
        Assert.Equal(mySession, yourSession);
        Assert.Equal(mine.Reveal().ToArray(), yours.Reveal().ToArray());
        opening.Dispose();
        finished.Dispose();
    }
}

using System.Text.Json;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Tests.Sessions.Handshake;

/// <summary>The whole handshake against tests/Vectors/pqik, which another implementation made. Goal: every byte agrees.</summary>
public sealed class PqIkVectorTests
{
    private static readonly JsonElement[] Vectors = [.. JsonDocument.Parse(File.ReadAllText(
        Path.Combine(AppContext.BaseDirectory, "Vectors/pqik/vectors.json"))).RootElement.GetProperty("vectors").EnumerateArray()];

    [Fact]
    public void File_is_complete() => Assert.Single(Vectors);

    [Fact]
    public void Messages_hash_and_keys_match()
    {
        var vector = Vectors[0];
        byte[] Field(string name) => Convert.FromHexString(vector.GetProperty(name).GetString()!);
        var kem = Kem.MlKem768P256;
        Assert.Equal(vector.GetProperty("name").GetString(), PqIk.ProtocolName(kem));
        using var initiatorStatic = kem.ImportSeed(Field("init_static_seed"));
        using var responderStatic = kem.ImportSeed(Field("resp_static_seed"));

        var message1 = new byte[PqIk.Message1Size(kem, 0)];
        using var attempt = InitiatorAttempt.Start(
            responderStatic.EncapsulationKey, initiatorStatic, kem.ImportSeed(Field("init_ephemeral_seed")),
            Field("prologue"), [], Field("rand_skem1"), message1);
        Assert.Equal(3_683, message1.Length);
        Assert.Equal(vector.GetProperty("msg1").GetString(), Convert.ToHexStringLower(message1));

        Assert.True(ResponderOpening.TryOpen(responderStatic, Field("prologue"), message1, out var opening));
        using var _ = opening;
        var message2 = new byte[PqIk.Message2Size(kem, 0)];
        using var answered = opening.Answer(
            initiatorStatic.EncapsulationKey, [], [.. Field("rand_ekem"), .. Field("rand_skem2")], message2);
        Assert.Equal(2_338, message2.Length);
        Assert.Equal(vector.GetProperty("msg2").GetString(), Convert.ToHexStringLower(message2));

        Assert.True(attempt.TryFinish(message2, out var finished, out var payload));
        using var __ = finished;
        Assert.Empty(payload);
        foreach (var outcome in new[] { answered, finished })
        {
            Assert.Equal(vector.GetProperty("handshake_hash").GetString(), Convert.ToHexStringLower(outcome.HandshakeHash.Span));
            Assert.Equal(
                vector.GetProperty("k1").GetString() + vector.GetProperty("k2").GetString(),
                Convert.ToHexStringLower(outcome.SplitKeys.Reveal()));
        }
    }
}

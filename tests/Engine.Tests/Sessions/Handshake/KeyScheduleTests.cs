using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Handshake;

/// <summary>
/// The key schedule against tests/Vectors/key-schedule/v1.json and against HKDF built here from HMAC alone. Goal: three
/// computations of the same bytes; the vectors were made by a script that is not this code.
/// </summary>
public sealed class KeyScheduleTests
{
    private static readonly JsonElement Vector = JsonDocument.Parse(File.ReadAllText(
        Path.Combine(AppContext.BaseDirectory, "Vectors/key-schedule/v1.json"))).RootElement;

    private static readonly string[] Labels = ["root", "i2r", "r2i", "exporter"];

    [Fact]
    public void Two_epochs_match_the_vectors_and_plain_hmac()
    {
        var epochs = Vector.GetProperty("epochs").EnumerateArray().ToArray();
        Assert.Equal(2, epochs.Length);
        var root = new byte[64];
        EpochSecrets? secrets = null;
        foreach (var epoch in epochs)
        {
            using var outcome = HandshakeOutcome.Of(Hex(epoch, "handshakeHash"), Hex(epoch, "splitKeys"));
            var session = default(SessionId);
            secrets = secrets is null ? KeySchedule.Start(outcome, out session) : KeySchedule.Next(secrets, outcome)!;
            var prk = HMACSHA512.HashData(root, Hex(epoch, "splitKeys"));
            var expected = Labels.SelectMany(label => Expand(prk, label, Hex(epoch, "handshakeHash"), 64)).ToArray();
            Assert.Equal(Convert.ToHexStringLower(expected), epoch.GetProperty("secrets").GetString());
            Assert.Equal(expected, secrets.Reveal().ToArray());
            if (epoch.TryGetProperty("sessionId", out var sessionId))
            {
                Assert.Equal(sessionId.GetString(), session.ToString());
                Assert.Equal(Expand(prk, "session id", Hex(epoch, "handshakeHash"), 16), Hex(epoch, "sessionId"));
            }

            root = expected[..64];
        }
    }

    [Fact]
    public void Traffic_key_matches_the_vectors_and_plain_hmac()
    {
        var traffic = Vector.GetProperty("traffic");
        var derived = Expand(Hex(traffic, "directionSecret"), "traffic", Hex(traffic, "incarnation"), 36);
        Assert.Equal(Hex(traffic, "keyAndFixed"), derived);

        var envelope = new byte[44 + 3 + 16];
        using var cipher = TrafficCipher.Derive(Kyberium.Engine.Cryptography.AeadProvider.Platform, Hex(traffic, "directionSecret"), Incarnation.Read(Hex(traffic, "incarnation")));
        cipher.Seal(5, "abc"u8, [], envelope);
        using var aead = new AesGcm(derived.AsSpan(0, 32), 16);
        var opened = new byte[3];
        aead.Decrypt([.. derived[32..], 0, 0, 0, 0, 0, 0, 0, 5], envelope.AsSpan(44, 3), envelope.AsSpan(47), opened, envelope.AsSpan(0, 44));
        Assert.Equal("abc"u8.ToArray(), opened);
    }

    [Fact]
    public void Erased_root_is_gone_and_the_rest_stays()
    {
        var block = new SeededEntropy(3).Bytes(EpochSecrets.Size);
        using var secrets = EpochSecrets.Restore(block);
        Assert.True(secrets.HasRoot);
        secrets.EraseRoot();
        secrets.EraseRoot();
        Assert.False(secrets.HasRoot);
        Assert.False(secrets.TryCopyRoot(new byte[EpochSecrets.SecretSize]));
        Assert.Equal([.. new byte[64], .. block[64..]], secrets.Reveal().ToArray());
        using var restored = EpochSecrets.Restore(secrets.Reveal());
        Assert.False(restored.HasRoot);
    }

    [Fact]
    public void Secrets_of_an_epoch_are_gone_once_it_is_disposed()
    {
        var secrets = EpochSecrets.Restore(new SeededEntropy(3).Bytes(EpochSecrets.Size));
        var root = new byte[EpochSecrets.SecretSize];
        Assert.True(secrets.TryCopyRoot(root));
        Assert.Equal(root, secrets.Reveal()[..64].ToArray());
        secrets.Dispose();
        Assert.False(secrets.HasRoot);
        Assert.False(secrets.TryCopyRoot(root));
        Assert.Throws<ObjectDisposedException>(() => secrets.Reveal().Length);
        Assert.Throws<ObjectDisposedException>(() => secrets.Traffic(TrafficDirection.InitiatorToResponder).Length);
    }

    [Theory]
    [InlineData(255)]
    [InlineData(257)]
    public void Secrets_of_an_epoch_have_256_bytes(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => EpochSecrets.Restore(new byte[length]));

    [Fact]
    public void Secrets_of_an_epoch_are_not_printed()
    {
        using var secrets = EpochSecrets.Restore(new SeededEntropy(3).Bytes(EpochSecrets.Size));
        Assert.Equal("secrets of one epoch", secrets.ToString());
    }

    [Fact]
    public void Each_direction_has_its_own_traffic_secret()
    {
        var block = new SeededEntropy(3).Bytes(EpochSecrets.Size);
        using var secrets = EpochSecrets.Restore(block);
        Assert.Equal(block[64..128], secrets.Traffic(TrafficDirection.InitiatorToResponder).ToArray());
        Assert.Equal(block[128..192], secrets.Traffic(TrafficDirection.ResponderToInitiator).ToArray());
    }

    private static byte[] Expand(byte[] secret, string label, byte[] context, int length)
    {
        byte[] info = [(byte)(length >> 8), (byte)length, (byte)(5 + label.Length), .. Encoding.ASCII.GetBytes("kyb1 " + label), (byte)context.Length, .. context];
        Assert.True(length <= 64, "one block is enough for every output of this schedule");
        return HMACSHA512.HashData(secret, (byte[])[.. info, 1])[..length];
    }

    private static byte[] Hex(JsonElement element, string name) => Convert.FromHexString(element.GetProperty(name).GetString()!);
}

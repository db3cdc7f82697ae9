using System.Text.Json;
using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Tests.Sessions.Handshake;

/// <summary>
/// The symmetric state against tests/Vectors/noise. Goal: bytes of every handshake message and the final hash agree with
/// published ones for patterns that use each of its operations. The patterns are spelled out below because the engine has none of them.
/// </summary>
public sealed class SymmetricStateVectorTests
{
    private static readonly JsonElement[] Vectors = [.. JsonDocument.Parse(File.ReadAllText(
        Path.Combine(AppContext.BaseDirectory, "Vectors/noise/cacophony-25519-AESGCM-SHA512.json")))
        .RootElement.GetProperty("vectors").EnumerateArray()];

    [Fact]
    public void File_is_complete() => Assert.Equal(4, Vectors.Length);

    [Theory]
    [InlineData("NN", "", "", "e|e ee")]
    [InlineData("KK", "s", "s", "e es ss|e ee se")]
    [InlineData("IK", "", "s", "e es s ss|e ee se")]
    [InlineData("XX", "", "", "e|e ee s es|s se")]
    public void Handshake_and_transport_bytes_match(string pattern, string initiatorKnown, string responderKnown, string messages)
    {
        var vector = Vectors.Single(v => v.GetProperty("protocol_name").GetString() == $"Noise_{pattern}_25519_AESGCM_SHA512");
        var initiator = new Party(vector, "init", isInitiator: true);
        var responder = new Party(vector, "resp", isInitiator: false);
        foreach (var party in new[] { initiator, responder })
        {
            party.State.MixHash(Bytes(vector, party.Prefix + "_prologue"));
            MixKnown(party, initiatorKnown, initiator.Static);
            MixKnown(party, responderKnown, responder.Static);
        }

        var steps = messages.Split('|');
        var lines = vector.GetProperty("messages").EnumerateArray().ToArray();
        for (var i = 0; i < steps.Length; i++)
        {
            var (sender, receiver) = i % 2 == 0 ? (initiator, responder) : (responder, initiator);
            var payload = Bytes(lines[i], "payload");
            var message = sender.Send(steps[i].Split(' '), payload);
            Assert.Equal(lines[i].GetProperty("ciphertext").GetString(), Convert.ToHexStringLower(message));
            Assert.Equal(payload, receiver.Receive(steps[i].Split(' '), message));
        }

        Assert.Equal(vector.GetProperty("handshake_hash").GetString(), Convert.ToHexStringLower(initiator.State.HandshakeHash));
        using var keys = initiator.State.Split();
        using var sameKeys = responder.State.Split();
        Assert.True(keys.FixedTimeEquals(sameKeys));
        AssertTransport(keys.Reveal(), steps.Length, lines);
    }

    private static void AssertTransport(ReadOnlySpan<byte> keys, int handshakeCount, JsonElement[] lines)
    {
        Assert.True(lines.Length > handshakeCount);
        var counters = new ulong[2];
        for (var i = handshakeCount; i < lines.Length; i++)
        {
            var fromInitiator = i % 2 == 0;
            var direction = fromInitiator ? 0 : 1;
            var key = keys.Slice(direction * 32, 32);
            var payload = Bytes(lines[i], "payload");
            var sealedBytes = new byte[payload.Length + 16];
            var nonce = new byte[12];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(nonce.AsSpan(4), counters[direction]++);
            using var aead = new System.Security.Cryptography.AesGcm(key, 16);
            aead.Encrypt(nonce, payload, sealedBytes.AsSpan(0, payload.Length), sealedBytes.AsSpan(payload.Length));
            Assert.Equal(lines[i].GetProperty("ciphertext").GetString(), Convert.ToHexStringLower(sealedBytes));
        }
    }

    private static void MixKnown(Party party, string known, byte[]? key)
    {
        if (known == "s")
        {
            party.State.MixHash(TestX25519.PublicKey(key!));
            if (key != party.Static)
            {
                party.RemoteStatic = TestX25519.PublicKey(key!);
            }
        }
    }

    private static byte[] Bytes(JsonElement element, string name) => Convert.FromHexString(element.GetProperty(name).GetString()!);

    private sealed class Party(JsonElement vector, string prefix, bool isInitiator)
    {
        private readonly byte[] _ephemeral = Bytes(vector, prefix + "_ephemeral");
        private byte[]? _remoteEphemeral;

        internal string Prefix => prefix;

        internal SymmetricState State { get; } = new(vector.GetProperty("protocol_name").GetString()!);

        internal byte[]? Static { get; } =
            vector.TryGetProperty(prefix + "_static", out var key) ? Convert.FromHexString(key.GetString()!) : null;

        internal byte[]? RemoteStatic { get; set; }

        internal byte[] Send(string[] tokens, byte[] payload)
        {
            var message = new List<byte>();
            foreach (var token in tokens)
            {
                switch (token)
                {
                    case "e":
                        var ephemeral = TestX25519.PublicKey(_ephemeral);
                        State.MixHash(ephemeral);
                        message.AddRange(ephemeral);
                        break;
                    case "s":
                        message.AddRange(Encrypt(TestX25519.PublicKey(Static!)));
                        break;
                    default:
                        MixAgreement(token);
                        break;
                }
            }

            message.AddRange(Encrypt(payload));
            return [.. message];
        }

        internal byte[] Receive(string[] tokens, byte[] message)
        {
            var rest = message.AsSpan();
            foreach (var token in tokens)
            {
                switch (token)
                {
                    case "e":
                        _remoteEphemeral = rest[..32].ToArray();
                        State.MixHash(_remoteEphemeral);
                        rest = rest[32..];
                        break;
                    case "s":
                        var size = State.EncryptedSize(32);
                        RemoteStatic = Decrypt(rest[..size]);
                        rest = rest[size..];
                        break;
                    default:
                        MixAgreement(token);
                        break;
                }
            }

            return Decrypt(rest);
        }

        private void MixAgreement(string token)
        {
            var own = token[isInitiator ? 0 : 1] == 'e' ? _ephemeral : Static!;
            var remote = token[isInitiator ? 1 : 0] == 'e' ? _remoteEphemeral! : RemoteStatic!;
            State.MixKey(TestX25519.Multiply(own, remote));
        }

        private byte[] Encrypt(byte[] plaintext)
        {
            var ciphertext = new byte[State.EncryptedSize(plaintext.Length)];
            State.EncryptAndHash(plaintext, ciphertext);
            return ciphertext;
        }

        private byte[] Decrypt(ReadOnlySpan<byte> ciphertext)
        {
            var plaintext = new byte[ciphertext.Length - (State.HasKey ? 16 : 0)];
            Assert.True(State.TryDecryptAndHash(ciphertext, plaintext));
            return plaintext;
        }
    }
}

using System.Text;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Wire;

/// <summary>
/// Every decoder over tests/Vectors/corpus, mutated. Goal: none throws whatever it is given, each accepts its valid
/// messages, and what it accepts has one encoding. Method: bytes flipped, cut, inserted, repeated and spliced, from a fixed seed per file.
/// </summary>
public sealed class DecoderFuzzTests
{
    private const int FileCount = 29;
    private const int Rounds = 3_000;

    // Each gives null when it refuses, else the bytes written back: the input itself where the encoding is canonical.
    private static readonly Dictionary<string, Func<byte[], byte[]?>> Decoders = new()
    {
        ["envelope"] = bytes => EnvelopeHeader.TryReadEnvelope(bytes, out var header, out _)
            ? [.. Written(EnvelopeHeader.Size, header.Write), .. bytes[EnvelopeHeader.Size..]] : null,
        ["handshake1-payload"] = bytes => Handshake1Payload.TryRead(bytes, out _, out _) ? bytes : null,
        ["handshake2-payload"] = bytes => Handshake2Payload.TryRead(bytes, out _, out _) ? bytes : null,
        ["greeting"] = bytes => DeliveryGreeting.TryRead(bytes, out var read, out _) ? Written(DeliveryGreeting.Size, read.Write) : null,
        ["confirm"] = bytes => ConfirmPayload.TryRead(bytes, out _, out _) ? bytes : null,
        ["message"] = ReadMessage,
        ["acknowledgement"] = bytes => Acknowledgement.TryRead(bytes, out var read, out _) ? Written(Acknowledgement.Size, read.Write) : null,
        ["close"] = bytes => CloseNotice.TryRead(bytes, out var read, out _) ? Written(CloseNotice.Size, read.Write) : null,
        ["window-notice"] = bytes => WindowNotice.TryRead(bytes, out var read, out _) ? Written(WindowNotice.Size, read.Write) : null,
        ["framed-data"] = ReadFrame,
        ["cookie-challenge"] = ReadChallenge,
        ["cookie-answer"] = ReadAnswer,
        ["public-document"] = bytes => PublicDocument.TryRead(bytes, out var document, out _)
            ? PublicDocument.Create(document.Name, document.Suites.InOrder().Select(suite => (suite, document.KeyOf(suite)!))).Bytes.ToArray() : null,
        ["public-document-text"] = bytes => PublicDocumentArmor.TryRead(Encoding.Latin1.GetString(bytes), out _, out _) ? bytes : null,
        ["window-snapshot"] = bytes => WindowSnapshot.TryRead(bytes, out _) is null ? null : bytes,
    };

    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Corpus, "*.bin", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Corpus, file)).Order()];

    private static string Corpus => Cryptography.VectorJson.PathOf("corpus");

    [Fact]
    public void Corpus_is_complete() => Assert.Equal(FileCount, Files.Count);

    [Theory, MemberData(nameof(Files))]
    public void Decoder_takes_its_messages_and_survives_their_mutations(string file)
    {
        var valid = File.ReadAllBytes(Path.Combine(Corpus, file));
        var target = Path.GetDirectoryName(file)!;
        if (target.EndsWith("-body", StringComparison.Ordinal))
        {
            FuzzHandshake(target, valid);
            return;
        }

        var decode = Decoders[target];
        Assert.Equal(valid, decode(valid));
        var random = new Random(valid.Length);
        for (var round = 0; round < Rounds; round++)
        {
            var mutated = Mutate(valid, random);
            var written = decode(mutated);
            Assert.True(written is null || written.AsSpan().SequenceEqual(mutated),
                $"{file}, round {round}: {Convert.ToHexStringLower(mutated)}");
        }
    }

    [Fact]
    public void Decoders_survive_each_others_messages_and_noise()
    {
        var random = new Random(1);
        var inputs = Directory.GetFiles(Corpus, "*.bin", SearchOption.AllDirectories).Select(File.ReadAllBytes).ToList();
        for (var i = 0; i < 300; i++)
        {
            var noise = new byte[random.Next(0, 400)];
            random.NextBytes(noise);
            inputs.Add(noise);
        }

        var accepted = Decoders.Values.Sum(decode => inputs.Count(input => decode(input) is not null));
        Assert.InRange(accepted, Decoders.Count, inputs.Count);
    }

    private static void FuzzHandshake(string target, byte[] valid)
    {
        var kem = Kem.MlKem768P256;
        var entropy = new Sessions.SeededEntropy(3);
        using var own = kem.ImportSeed(entropy.Bytes(32));
        using var attempt = InitiatorAttempt.Start(
            own.EncapsulationKey, own, kem.ImportSeed(entropy.Bytes(32)), [], [],
            entropy.Bytes(kem.EncapsulationRandomnessSize), new byte[PqIk.Message1Size(kem, 0)]);
        var random = new Random(valid.Length);
        for (var round = 0; round < 60; round++)
        {
            var mutated = Mutate(valid, random);
            Assert.False(target == "handshake1-body"
                ? ResponderOpening.TryOpen(own, [], mutated, out _)
                : attempt.TryFinish(mutated, out _, out _));
        }
    }

    private static byte[] Mutate(byte[] valid, Random random)
    {
        var bytes = valid.ToList();
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(bytes.Count + 1);
            switch (random.Next(7))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 4 when at + 1 < bytes.Count:
                    (bytes[at], bytes[at + 1]) = ((byte)0xff, (byte)0xff);
                    break;
                case 5:
                    bytes.AddRange(bytes.GetRange(at, Math.Min(random.Next(100), bytes.Count - at)));
                    break;
                default:
                    bytes.RemoveRange(at, Math.Min(random.Next(20), bytes.Count - at));
                    break;
            }
        }

        return [.. bytes];
    }

    private static byte[]? ReadMessage(byte[] bytes)
    {
        if (!DeliveryMessage.TryRead(bytes, out var message, out _))
        {
            return null;
        }

        var written = new byte[message.Size];
        message.Write(written);
        return written;
    }

    private static byte[]? ReadFrame(byte[] bytes)
    {
        if (!FramedData.TryRead(bytes, out var payload, out _))
        {
            return null;
        }

        var padLength = bytes.Length - FramedData.HeadSize - payload.Length;
        var written = new byte[bytes.Length];
        FramedData.Write(payload, padLength, written);
        return written;
    }

    private static byte[]? ReadChallenge(byte[] bytes)
    {
        if (!CookieChallenge.TryRead(bytes, out var challenge, out _))
        {
            return null;
        }

        var written = new byte[CookieChallenge.Size];
        challenge.Write(written);
        return written;
    }

    private static byte[]? ReadAnswer(byte[] bytes)
    {
        if (!CookieAnswer.TryRead(bytes, out var answer, out _))
        {
            return null;
        }

        var written = new byte[answer.Size];
        answer.Write(written);
        return written;
    }

    private delegate void Writer(Span<byte> destination);

    private static byte[] Written(int size, Writer write)
    {
        var bytes = new byte[size];
        write(bytes);
        return bytes;
    }
}

using System.Text;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Fuzzing.Targets;

/// <summary>What strangers and peers send. Laws: nothing throws, and what is accepted has one encoding where the format says so.</summary>
internal static class WireTargets
{
    private const string Corpus = "Vectors/corpus/";

    private delegate void Writer(Span<byte> destination);

    // The order is the first byte of an input in kept corpora: add at the end.
    private static readonly (string Corpus, Func<byte[], bool> Read)[] HandshakeDecoders =
    [
        ("handshake1-payload", bytes => Handshake1Payload.TryRead(bytes, out _, out _)),
        ("handshake2-payload", bytes => Handshake2Payload.TryRead(bytes, out _, out _)),
        ("confirm", bytes => ConfirmPayload.TryRead(bytes, out _, out _)),
        ("greeting", bytes => DeliveryGreeting.TryRead(bytes, out var read, out _) && Same(bytes, DeliveryGreeting.Size, read.Write)),
        ("cookie-challenge", ReadCookieChallenge),
        ("cookie-answer", ReadCookieAnswer),
        ("public-document", bytes => PublicDocument.TryRead(bytes, out var document, out _)
            && Laws.OneEncoding(bytes, PublicDocument.Create(
                document.Name, document.Suites.InOrder().Select(suite => (suite, document.KeyOf(suite)!))).Bytes.Span)),
        ("public-document-text", bytes => PublicDocumentArmor.TryRead(Encoding.Latin1.GetString(bytes), out _, out _)),
        ("handshake1-body", Bodies.Message1),
        ("handshake2-body", Bodies.Message2),
    ];

    private static readonly (string Corpus, Func<byte[], bool> Read)[] ControlDecoders =
    [
        ("message", ReadMessage),
        ("acknowledgement", bytes => Acknowledgement.TryRead(bytes, out var read, out _) && Same(bytes, Acknowledgement.Size, read.Write)),
        ("close", bytes => CloseNotice.TryRead(bytes, out var read, out _) && Same(bytes, CloseNotice.Size, read.Write)),
        ("window-notice", bytes => WindowNotice.TryRead(bytes, out var read, out _) && Same(bytes, WindowNotice.Size, read.Write)),
        ("framed-data", ReadFrame),
        ("window-snapshot", bytes => WindowSnapshot.TryRead(bytes, out _) is not null),
    ];

    internal static FuzzTarget Envelope { get; } = new(
        "envelope",
        () => Laws.Files(Corpus + "envelope"),
        bytes => EnvelopeHeader.TryReadEnvelope(bytes, out var header, out _)
            && Laws.OneEncoding(bytes.AsSpan(0, EnvelopeHeader.Size), Written(EnvelopeHeader.Size, header.Write)));

    internal static FuzzTarget Handshake { get; } = Family("handshake", HandshakeDecoders);

    internal static FuzzTarget Control { get; } = Family("control", ControlDecoders);

    private static FuzzTarget Family(string name, (string Corpus, Func<byte[], bool> Read)[] decoders) => new(
        name,
        () => decoders.SelectMany((decoder, number) => Laws.Tagged(number, Laws.Files(Corpus + decoder.Corpus))),
        bytes => bytes.Length > 0 && bytes[0] < decoders.Length && decoders[bytes[0]].Read(bytes[1..]));

    private static bool ReadMessage(byte[] bytes)
    {
        if (!DeliveryMessage.TryRead(bytes, out var message, out _))
        {
            return false;
        }

        var written = new byte[message.Size];
        message.Write(written);
        _ = TransferChunk.TryRead(message.Payload, out _);
        _ = TransferEnd.TryRead(message.Payload, out _);
        return Laws.OneEncoding(bytes, written);
    }

    private static bool ReadFrame(byte[] bytes)
    {
        if (!FramedData.TryRead(bytes, out var payload, out _))
        {
            return false;
        }

        var written = new byte[bytes.Length];
        FramedData.Write(payload, bytes.Length - FramedData.HeadSize - payload.Length, written);
        return Laws.OneEncoding(bytes, written);
    }

    private static bool ReadCookieChallenge(byte[] bytes)
    {
        if (!CookieChallenge.TryRead(bytes, out var challenge, out _))
        {
            return false;
        }

        var written = new byte[CookieChallenge.Size];
        challenge.Write(written);
        return Laws.OneEncoding(bytes, written);
    }

    private static bool ReadCookieAnswer(byte[] bytes)
    {
        if (!CookieAnswer.TryRead(bytes, out var answer, out _))
        {
            return false;
        }

        var written = new byte[answer.Size];
        answer.Write(written);
        return Laws.OneEncoding(bytes, written);
    }

    private static bool Same(byte[] bytes, int size, Writer write) => Laws.OneEncoding(bytes, Written(size, write));

    private static byte[] Written(int size, Writer write)
    {
        var bytes = new byte[size];
        write(bytes);
        return bytes;
    }

    /// <summary>Messages 1 and 2 before their keys are known: both ends hold fixed keys, so none of the corpus opens.</summary>
    private static class Bodies
    {
        private static readonly HybridSides Sides = new();

        internal static bool Message1(byte[] bytes)
        {
            if (!ResponderOpening.TryOpen(Sides.Own, [], bytes, out var opening))
            {
                return false;
            }

            opening.Dispose();
            throw new BrokenLawException("a message 1 for another key opened");
        }

        internal static bool Message2(byte[] bytes) => Sides.Attempt.TryFinish(bytes, out _, out _)
            ? throw new BrokenLawException("a message 2 for another attempt opened")
            : false;
    }

    private sealed class HybridSides
    {
        private readonly Random _random = new(3);

        internal HybridSides()
        {
            var kem = Kem.MlKem768P256;
            Own = kem.ImportSeed(Bytes(32));
            Attempt = InitiatorAttempt.Start(
                Own.EncapsulationKey, Own, kem.ImportSeed(Bytes(32)), [], [], Bytes(kem.EncapsulationRandomnessSize),
                new byte[PqIk.Message1Size(kem, 0)]);
        }

        internal KemDecapsulationKey Own { get; }

        internal InitiatorAttempt Attempt { get; }

        private byte[] Bytes(int length)
        {
            var bytes = new byte[length];
            _random.NextBytes(bytes);
            return bytes;
        }
    }
}

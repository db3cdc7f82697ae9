using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Traffic;

/// <summary>One direction of one epoch with both ends.</summary>
internal sealed class TrafficPair
{
    internal static readonly ReceiverIndex Receiver = ReceiverIndex.Of(3, 0x123456789abc);

    internal TrafficPair(TrafficLimits? limits = null, int seed = 1, int incarnationCount = 0)
    {
        Entropy = new SeededEntropy(seed);
        Secrets = EpochSecrets.Restore(Entropy.Bytes(EpochSecrets.Size));
        Limits = limits ?? new TrafficLimits();
        Sender = NewSender();
        Opener = NewOpener(incarnationCount);
    }

    internal SeededEntropy Entropy { get; }

    internal EpochSecrets Secrets { get; }

    internal TrafficLimits Limits { get; }

    internal CountedAead Aead { get; } = new();

    internal SendingTraffic Sender { get; set; }

    internal ReceivingTraffic Opener { get; set; }

    internal SendingTraffic NewSender(TrafficUsage usage = default) => new(
        Secrets, TrafficDirection.InitiatorToResponder, Suite.MLKem768P256, new Epoch(4), Receiver, Limits,
        Aead, Entropy, usage);

    internal ReceivingTraffic NewOpener(int incarnationCount = 0, long failedOpens = 0) => new(
        Secrets, TrafficDirection.InitiatorToResponder, Suite.MLKem768P256, new Epoch(4), Receiver, Limits,
        Aead, incarnationCount, failedOpens);

    internal byte[] Seal(string text = "payload", EnvelopeType type = EnvelopeType.Data, string associated = "")
    {
        var envelope = new byte[text.Length + EnvelopeHeader.RecordOverhead];
        var outcome = Sender.TrySeal(
            type, System.Text.Encoding.ASCII.GetBytes(text), System.Text.Encoding.ASCII.GetBytes(associated), envelope, out var written);
        Assert.Equal(SealOutcome.Sealed, outcome);
        Assert.Equal(envelope.Length, written);
        return envelope;
    }

    internal byte[] SealAt(ulong sequence, string text = "payload")
    {
        var incarnation = Sender.Position.Incarnation;
        Sender = NewSender();
        Sender.Resume(new SendingPosition(incarnation, sequence));
        return Seal(text);
    }

    internal OpenOutcome Open(byte[] envelope, out string text, out OpenDetails details, string associated = "")
    {
        var plaintext = new byte[envelope.Length];
        text = string.Empty;
        details = default;
        if (!EnvelopeHeader.TryReadEnvelope(envelope, out var header, out _))
        {
            return OpenOutcome.Rejected;
        }

        var outcome = Opener.TryOpen(header, envelope, System.Text.Encoding.ASCII.GetBytes(associated), plaintext, out details);
        text = System.Text.Encoding.ASCII.GetString(plaintext, 0, details.Written);
        if (outcome != OpenOutcome.Opened)
        {
            Assert.False(plaintext.AsSpan().ContainsAnyExcept((byte)0), "plaintext leaves only when opened");
        }

        return outcome;
    }

    /// <summary>Opens without looking at what comes with it.</summary>
    internal OpenOutcome Open(byte[] envelope) => Open(envelope, out _, out _);

    /// <summary>Opens as a shard would: reserves where asked, then tries again.</summary>
    internal OpenOutcome OpenReserving(byte[] envelope)
    {
        var outcome = Open(envelope, out _, out var details);
        if (outcome == OpenOutcome.NeedsReservation)
        {
            EnvelopeHeader.TryRead(envelope, out var header, out _);
            Opener.ApplyReservation(header.Incarnation, details.ReserveThrough!.Value);
            outcome = Open(envelope);
        }

        return outcome;
    }

    /// <summary>A first record of a new incarnation, opened.</summary>
    internal Incarnation OpenNewIncarnation()
    {
        Sender.AbandonIncarnation();
        Assert.Equal(OpenOutcome.Opened, OpenReserving(Seal()));
        return Sender.Position.Incarnation;
    }
}

/// <summary>The platform's AEAD, counting the keys that were made and those that are still there.</summary>
internal sealed class CountedAead : AeadProvider
{
    internal int Made { get; private set; }

    internal int Alive { get; private set; }

    internal override string Name => "counted";

    internal override AeadKey CreateKey(ReadOnlySpan<byte> key)
    {
        Made++;
        Alive++;
        return new Key(this, Platform.CreateKey(key));
    }

    private sealed class Key(CountedAead owner, AeadKey key) : AeadKey
    {
        private bool _disposed;

        internal override void Seal(
            ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag) =>
            key.Seal(nonce, associatedData, plaintext, ciphertext, tag);

        internal override bool TryOpen(
            ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext) =>
            key.TryOpen(nonce, associatedData, ciphertext, tag, plaintext);

        public override void Dispose()
        {
            owner.Alive -= _disposed ? 0 : 1;
            _disposed = true;
            key.Dispose();
        }
    }
}

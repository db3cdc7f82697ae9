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
        Limits = limits ?? TrafficLimits.Default;
        Sender = NewSender();
        Opener = NewOpener(incarnationCount);
    }

    internal SeededEntropy Entropy { get; }

    internal EpochSecrets Secrets { get; }

    internal TrafficLimits Limits { get; }

    internal SendingTraffic Sender { get; set; }

    internal ReceivingTraffic Opener { get; set; }

    internal SendingTraffic NewSender(TrafficUsage usage = default) => new(
        Secrets, TrafficDirection.InitiatorToResponder, Suite.MLKem768P256, new Epoch(4), Receiver, Limits,
        AeadProvider.Platform, Entropy, usage);

    internal ReceivingTraffic NewOpener(int incarnationCount = 0, long failedOpens = 0) => new(
        Secrets, TrafficDirection.InitiatorToResponder, Suite.MLKem768P256, new Epoch(4), Receiver, Limits,
        AeadProvider.Platform, incarnationCount, failedOpens);

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
}

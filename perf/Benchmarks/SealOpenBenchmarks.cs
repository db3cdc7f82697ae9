using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Kyberium.Engine;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Benchmarks;

/// <summary>One record of 256 bytes through the traffic state, against the bare cipher.</summary>
[MemoryDiagnoser]
public class SealOpenBenchmarks
{
    private const int PayloadSize = 256;
    private const int PairsMax = 4_000_000;

    private readonly byte[] _payload = new byte[PayloadSize];
    private readonly byte[] _envelope = new byte[PayloadSize + EnvelopeHeader.RecordOverhead];
    private readonly byte[] _opened = new byte[PayloadSize];
    private readonly byte[] _nonce = new byte[12];
    private readonly byte[] _tag = new byte[16];
    private readonly AesGcm _bare = new(new byte[32], 16);
    private SendingTraffic _sending = null!;
    private ReceivingTraffic _receiving = null!;
    private int _pairs;

    [Params(false, true)]
    public bool Intrinsics { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        var limits = new TrafficLimits { RecordsSoft = long.MaxValue, RecordsHard = long.MaxValue, BytesSoft = long.MaxValue, BytesHard = long.MaxValue };
        var secrets = EpochSecrets.Restore([.. Enumerable.Range(0, EpochSecrets.Size).Select(value => (byte)value)]);
        var index = ReceiverIndex.Of(1, 2);
        var provider = Intrinsics ? AeadProvider.Intrinsics ?? AeadProvider.Platform : AeadProvider.Platform;
        _sending = new SendingTraffic(
            secrets, TrafficDirection.InitiatorToResponder, Suite.MLKem768P256, Epoch.Zero, index, limits, provider,
            SystemEntropy.Instance);
        _receiving = new ReceivingTraffic(
            secrets, TrafficDirection.InitiatorToResponder, Suite.MLKem768P256, Epoch.Zero, index, limits, provider);
    }

    [Benchmark(Baseline = true)]
    public void Bare() => _bare.Encrypt(_nonce, _payload, _opened, _tag);

    [Benchmark]
    public int Seal()
    {
        _sending.TrySeal(EnvelopeType.Data, _payload, default, _envelope, out var written);
        return written;
    }

    [Benchmark]
    public int SealAndOpen()
    {
        if (++_pairs > PairsMax)
        {
            _sending.AbandonIncarnation();      // a sequence ends at 2^23
            _pairs = 0;
        }

        _sending.TrySeal(EnvelopeType.Data, _payload, default, _envelope, out _);
        EnvelopeHeader.TryReadEnvelope(_envelope, out var header, out _);
        var outcome = _receiving.TryOpen(header, _envelope, default, _opened, out var details);
        if (details.ReserveThrough is { } through)
        {
            _receiving.ApplyReservation(header.Incarnation, through);
            if (outcome == OpenOutcome.NeedsReservation)
            {
                outcome = _receiving.TryOpen(header, _envelope, default, _opened, out details);
            }
        }

        return outcome == OpenOutcome.Opened ? details.Written : throw new InvalidOperationException($"a fresh record gave {outcome}");
    }
}

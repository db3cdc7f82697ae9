using BenchmarkDotNet.Attributes;
using Kyberium.Engine;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Benchmarks;

/// <summary>Folding facts over a peer: what recovery does for each fact of the tail once it is opened.</summary>
[MemoryDiagnoser]
public class RecoveryBenchmarks
{
    private const int FactCount = 10_000;

    private byte[] _facts = [];

    [GlobalSetup]
    public void Prepare()
    {
        var writer = new StateWriter();
        EventCodec.Write(writer, new PeerEvent.Added(
            new Pin(Fingerprint.Of(default), default, false), FrozenPolicy.None, new StreamId(1, 2), [], 0));
        for (var i = 1; i < FactCount; i++)
        {
            EventCodec.Write(writer, new PeerEvent.MessageQueued(Guid.Empty, MessageFlags.None, null, new byte[256]));
        }

        _facts = writer.Written.ToArray();
    }

    [Benchmark(OperationsPerInvoke = FactCount)]
    public int DecodeAndApply()
    {
        var state = new PeerState(new PeerKey(IdentityName.Default, new PeerId("peer")));
        var reader = new StateReader(_facts);
        while (!reader.IsAtEnd)
        {
            PeerFacts.Apply(state, EventCodec.Read(ref reader));
        }

        return state.Outgoing.Count == FactCount - 1 ? FactCount : throw new InvalidOperationException("facts are missing");
    }
}

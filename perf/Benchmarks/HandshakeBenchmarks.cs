using BenchmarkDotNet.Attributes;
using Kyberium.Engine;
using Kyberium.Load;

namespace Kyberium.Benchmarks;

/// <summary>A whole pqIK handshake, both sides, against the KEM calls it is made of.</summary>
[MemoryDiagnoser]
public class HandshakeBenchmarks
{
    private HandshakeWork _work = null!;

    [ParamsAllValues]
    public Suite Suite { get; set; }

    [GlobalSetup]
    public void Prepare() => _work = new HandshakeWork(Suite);

    [GlobalCleanup]
    public void Clean() => _work.Dispose();

    [Benchmark(Baseline = true)]
    public void BareKemCalls() => _work.BareKemCalls();

    [Benchmark]
    public void BothSides() => _work.BothSides();
}

using BenchmarkDotNet.Attributes;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Benchmarks;

/// <summary>Bare AES-256-GCM with a header of 44 bytes: the platform's against the one over the processor's instructions, by size and threads.</summary>
/// <remarks>Each thread has a key and buffers of its own; a figure is wall time by all calls of all threads.</remarks>
[MemoryDiagnoser]
public class AeadBenchmarks
{
    private const int Calls = 1_024;

    private Worker[] _platform = [];
    private Worker[] _intrinsics = [];

    [Params(64, 256, 1_024, 16_384, 65_536)]
    public int Size { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        _platform = Workers(AeadProvider.Platform);
        // Where the processor has no instructions both rows are the platform's.
        _intrinsics = Workers(AeadProvider.Intrinsics ?? AeadProvider.Platform);
        if (!_platform[0].Tag.AsSpan().SequenceEqual(_intrinsics[0].Tag))
        {
            throw new InvalidOperationException("the providers disagree");
        }
    }

    [GlobalCleanup]
    public void Clean()
    {
        foreach (var worker in _platform.Concat(_intrinsics))
        {
            worker.Key.Dispose();
        }
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Calls)]
    public void PlatformSeal() => Run(_platform, static worker => worker.Seal());

    [Benchmark(OperationsPerInvoke = Calls)]
    public void PlatformOpen() => Run(_platform, static worker => worker.Open());

    [Benchmark(OperationsPerInvoke = Calls)]
    public void IntrinsicsSeal() => Run(_intrinsics, static worker => worker.Seal());

    [Benchmark(OperationsPerInvoke = Calls)]
    public void IntrinsicsOpen() => Run(_intrinsics, static worker => worker.Open());

    private void Run(Worker[] workers, Action<Worker> call)
    {
        if (Threads == 1)
        {
            Repeat(workers[0]);
            return;
        }

        Parallel.ForEach(workers, new ParallelOptions { MaxDegreeOfParallelism = Threads }, Repeat);

        void Repeat(Worker worker)
        {
            for (var i = 0; i < Calls / workers.Length; i++)
            {
                call(worker);
            }
        }
    }

    private Worker[] Workers(AeadProvider provider) =>
        [.. Enumerable.Range(0, Threads).Select(_ => new Worker(provider.CreateKey(new byte[AeadKey.KeySize]), Size))];

    private sealed class Worker
    {
        private readonly byte[] _nonce = new byte[AeadKey.NonceSize];
        private readonly byte[] _header = new byte[44];
        private readonly byte[] _plaintext;
        private readonly byte[] _ciphertext;

        internal Worker(AeadKey key, int size)
        {
            Key = key;
            _plaintext = new byte[size];
            _ciphertext = new byte[size];
            Seal();
        }

        internal AeadKey Key { get; }

        internal byte[] Tag { get; } = new byte[AeadKey.TagSize];

        internal void Seal() => Key.Seal(_nonce, _header, _plaintext, _ciphertext, Tag);

        internal void Open()
        {
            if (!Key.TryOpen(_nonce, _header, _ciphertext, Tag, _plaintext))
            {
                throw new InvalidOperationException("what was sealed does not open");
            }
        }
    }
}

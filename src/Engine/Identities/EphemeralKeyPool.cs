using System.Collections.Concurrent;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Identities;

/// <summary>Keeps ephemeral keys ready for each mechanism in use, so that a burst of handshakes is not slowed by making them.</summary>
/// <remarks>Bounded; a miss makes a key on the spot. Refilled one key at a time on the scheduler.</remarks>
internal sealed class EphemeralKeyPool(EngineScheduler scheduler, IEntropySource entropy, KemPrivateKeys keys, int countMax) : IEphemeralKeys, IDisposable
{
    private readonly ConcurrentDictionary<Kem, Stock> _stocks = new();
    private volatile bool _disposed;
    private long _hits;
    private long _misses;

    internal long Hits => Volatile.Read(ref _hits);

    internal long Misses => Volatile.Read(ref _misses);

    public KemDecapsulationKey Take(Kem kem)
    {
        var stock = _stocks.GetOrAdd(kem, static _ => new Stock());
        KemDecapsulationKey? ready;
        lock (stock)
        {
            stock.Keys.TryDequeue(out ready);
        }

        if (ready is null)
        {
            Interlocked.Increment(ref _misses);
        }
        else
        {
            Interlocked.Increment(ref _hits);
        }

        Refill(kem, stock);
        return ready ?? Make(kem);
    }

    /// <summary>Starts to fill the stock of a mechanism before it is first needed.</summary>
    internal void Prewarm(Kem kem) => Refill(kem, _stocks.GetOrAdd(kem, static _ => new Stock()));

    public void Dispose()
    {
        _disposed = true;
        foreach (var stock in _stocks.Values)
        {
            lock (stock)
            {
                while (stock.Keys.TryDequeue(out var key))
                {
                    key.Dispose();
                }
            }
        }
    }

    private void Refill(Kem kem, Stock stock)
    {
        lock (stock)
        {
            if (stock.Refilling || _disposed || stock.Keys.Count >= countMax)
            {
                return;
            }

            stock.Refilling = true;
        }

        scheduler.Post(_ =>
        {
            var key = Make(kem);
            lock (stock)
            {
                stock.Refilling = false;
                if (_disposed)
                {
                    key.Dispose();
                    return;
                }

                stock.Keys.Enqueue(key);
            }

            Refill(kem, stock);
        }, null);
    }

    private KemDecapsulationKey Make(Kem kem)
    {
        Span<byte> seed = stackalloc byte[kem.SeedSize];
        entropy.Fill(seed);
        var key = keys.ImportSeed(kem, seed);
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(seed);
        return key;
    }

    private sealed class Stock
    {
        internal Queue<KemDecapsulationKey> Keys { get; } = new();

        internal bool Refilling { get; set; }
    }
}

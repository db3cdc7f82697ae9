using System.Collections.Concurrent;

namespace Kyberium.Engine.Links;

/// <summary>Lends what ends a call to a link: after a while, or when the engine stops. Kept for the next call where none was needed.</summary>
/// <remarks>A batch is often one short envelope: a source, its link to another and a timer for each cost more than sealing it.</remarks>
internal sealed class RequestTimeouts(TimeProvider time, TimeSpan timeout, CancellationToken stopping) : IDisposable
{
    private const int KeptCountMax = 64;

    private readonly ConcurrentQueue<CancellationTokenSource> _idle = new();

    internal CancellationTokenSource Take() =>
        _idle.TryDequeue(out var source) ? source : new CancellationTokenSource();

    /// <summary>Waits for a call that was begun under a source's token and has not ended at once: only that costs a timer.</summary>
    internal async ValueTask WaitAsync(ValueTask call, CancellationTokenSource source)
    {
        // Disposed before the source is lent again, and only once they do not run any more: neither ends another's call.
        await using var timer = time.CreateTimer(Cancel, source, timeout, Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        using var registration = stopping.UnsafeRegister(Cancel, source);
        await call.ConfigureAwait(false);
    }

    /// <summary>Takes a source back; one that has fired, or may have, is given up.</summary>
    internal void Return(CancellationTokenSource source)
    {
        if (_idle.Count >= KeptCountMax || stopping.IsCancellationRequested || !source.TryReset())
        {
            source.Dispose();
        }
        else
        {
            _idle.Enqueue(source);
        }
    }

    public void Dispose()
    {
        while (_idle.TryDequeue(out var source))
        {
            source.Dispose();
        }
    }

    private static void Cancel(object? source) => ((CancellationTokenSource)source!).Cancel();
}

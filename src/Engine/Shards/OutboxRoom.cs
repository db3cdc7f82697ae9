using System.Collections.Concurrent;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>Tells those who met a full outbox when to try again.</summary>
internal sealed class OutboxRoom(EngineScheduler scheduler)
{
    // Room may also come about unseen, with a new stream or a recovered shard: nobody waits longer than this without another try.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<PeerKey, TaskCompletionSource> _waiting = new();

    /// <summary>Gives what completes when room is made from now on. Taken before the try, so that nothing is missed.</summary>
    internal Task NextOf(PeerKey peer) =>
        _waiting.GetOrAdd(peer, static (_, scheduler) => new TaskCompletionSource(scheduler.Completion), scheduler).Task;

    internal async Task WaitAsync(Task next, CancellationToken cancellationToken)
    {
        await next.WaitAsync(WaitMax, scheduler.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    internal void Made(PeerKey peer)
    {
        if (_waiting.TryRemove(peer, out var waiting))
        {
            waiting.TrySetResult();
        }
    }
}

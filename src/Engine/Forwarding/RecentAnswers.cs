namespace Kyberium.Engine.Forwarding;

/// <summary>Has what must not be done twice done once: whoever lost its connection asks again under the same operation.</summary>
/// <remarks>Thread-safe. Bounded by count; the oldest goes. Answers are not kept: they hold plaintext.</remarks>
internal sealed class RecentAnswers(EngineScheduler scheduler, int countMax = 65_536)
{
    private readonly Lock _lock = new();
    private readonly HashSet<Guid> _known = [];
    private readonly Queue<Guid> _order = new();
    private readonly Dictionary<Guid, TaskCompletionSource<ClusterAnswer>> _running = [];

    /// <summary>Gives the answer to an operation, beginning it when it has not been asked yet, or when nothing happened.</summary>
    /// <param name="operation">The request's.</param>
    /// <param name="begin">Begins it.</param>
    /// <param name="gone">What is answered when it was done, and its answer has gone out already.</param>
    internal Task<ClusterAnswer> OnceAsync(Guid operation, Func<Task<ClusterAnswer>> begin, ClusterAnswer gone)
    {
        var answer = new TaskCompletionSource<ClusterAnswer>(scheduler.Completion);
        lock (_lock)
        {
            if (_running.TryGetValue(operation, out var running))
            {
                return running.Task;
            }

            if (!_known.Add(operation))
            {
                return Task.FromResult(gone);
            }

            if (_order.Count == countMax)
            {
                _known.Remove(_order.Dequeue());
            }

            _order.Enqueue(operation);
            _running.Add(operation, answer);
        }

        return RunAsync(operation, begin, answer);      // not under the lock: beginning may be most of the work
    }

    private async Task<ClusterAnswer> RunAsync(Guid operation, Func<Task<ClusterAnswer>> begin, TaskCompletionSource<ClusterAnswer> running)
    {
        try
        {
            var answer = await begin().ConfigureAwait(false);
            End(operation, RequestRouter.IsUndone(answer));
            running.TrySetResult(answer);
            return answer;
        }
        catch (Exception failure)
        {
            End(operation, isUndone: false);
            running.TrySetException(failure);
            _ = running.Task.Exception;     // seen: it is thrown here, whether or not anybody else waits for it
            throw;
        }
    }

    private void End(Guid operation, bool isUndone)
    {
        lock (_lock)
        {
            _running.Remove(operation);
            if (isUndone)
            {
                _known.Remove(operation);
            }
        }
    }
}

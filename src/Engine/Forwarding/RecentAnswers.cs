namespace Kyberium.Engine.Forwarding;

/// <summary>Has what must not be done twice done once: whoever lost its connection asks again under the same operation.</summary>
/// <remarks>Thread-safe. Bounded by count; the oldest goes. Answers are not kept: they hold plaintext.</remarks>
internal sealed class RecentAnswers
{
    private const int CountMax = 65_536;

    private readonly Lock _lock = new();
    private readonly HashSet<Guid> _known = [];
    private readonly Queue<Guid> _order = new();
    private readonly Dictionary<Guid, Task<ClusterAnswer>> _running = [];

    /// <summary>Gives the answer to an operation, beginning it when it has not been asked yet.</summary>
    /// <param name="operation">The request's.</param>
    /// <param name="begin">Begins it.</param>
    /// <param name="gone">What is answered when it was done, and its answer has gone out already.</param>
    internal Task<ClusterAnswer> OnceAsync(Guid operation, Func<Task<ClusterAnswer>> begin, ClusterAnswer gone)
    {
        lock (_lock)
        {
            if (!_known.Add(operation))
            {
                return _running.TryGetValue(operation, out var running) ? running : Task.FromResult(gone);
            }

            if (_order.Count == CountMax)
            {
                _known.Remove(_order.Dequeue());
            }

            _order.Enqueue(operation);
            var begun = EndedAsync(operation, begin);
            if (!begun.IsCompleted)
            {
                _running.Add(operation, begun);
            }

            return begun;
        }
    }

    private async Task<ClusterAnswer> EndedAsync(Guid operation, Func<Task<ClusterAnswer>> begin)
    {
        try
        {
            return await begin().ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _running.Remove(operation);
            }
        }
    }
}

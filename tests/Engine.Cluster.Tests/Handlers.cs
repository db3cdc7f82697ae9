using System.Collections.Concurrent;

namespace Kyberium.Engine.Cluster.Tests;

/// <summary>Answers with what it was sent.</summary>
internal sealed class EchoHandler : IClusterRequestHandler
{
    public ValueTask<ClusterAnswer> HandleAsync(NodeId caller, ClusterRequest request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(ClusterAnswer.Done(request.Payload.ToArray()));
}

/// <summary>Does what a test says.</summary>
internal sealed class HandlerOf(Func<NodeId, ClusterRequest, CancellationToken, ValueTask<ClusterAnswer>> handle) : IClusterRequestHandler
{
    public ValueTask<ClusterAnswer> HandleAsync(NodeId caller, ClusterRequest request, CancellationToken cancellationToken) =>
        handle(caller, request, cancellationToken);
}

/// <summary>Does each operation once, as the contract asks, and counts how often each arrived.</summary>
internal sealed class OnceHandler : IClusterRequestHandler
{
    internal ConcurrentDictionary<Guid, int> Arrivals { get; } = new();

    private readonly ConcurrentDictionary<Guid, byte[]> _done = new();

    private int _effects;

    internal int Effects => Volatile.Read(ref _effects);

    /// <summary>Gets or sets what happens before an operation is answered.</summary>
    internal Func<Task>? Before { get; set; }

    public async ValueTask<ClusterAnswer> HandleAsync(NodeId caller, ClusterRequest request, CancellationToken cancellationToken)
    {
        Arrivals.AddOrUpdate(request.Operation, 1, static (_, count) => count + 1);
        var payload = request.Payload.ToArray();
        if (Before is { } before)
        {
            await before();
        }

        var answer = _done.GetOrAdd(request.Operation, _ =>
        {
            Interlocked.Increment(ref _effects);
            return payload;
        });
        return ClusterAnswer.Done(answer);
    }
}

namespace Kyberium.Engine;

/// <summary>Carries requests between the nodes of one cluster, which know and believe each other.</summary>
/// <remarks>An engine stands on this and on <see cref="IPlacement"/>, and on no kind of cluster. Thread-safe.</remarks>
public interface INodeLinks : IAsyncDisposable
{
    /// <summary>Hands what other nodes ask to <paramref name="handler"/> from now on. Called once; until then others are told to come again.</summary>
    ValueTask StartAsync(IClusterRequestHandler handler, CancellationToken cancellationToken = default);

    /// <summary>Asks a node, and waits for its answer at most as long as the request says.</summary>
    /// <param name="node">Which node.</param>
    /// <param name="address">Where it listens, as <see cref="ShardOwner.Address"/> says.</param>
    /// <param name="request">What is asked; its payload does not change until the call has ended.</param>
    /// <param name="cancellationToken">Ends the waiting; the request may have happened.</param>
    /// <returns>The answer. What kept the node from answering is one too: <see cref="EngineErrorCode.NodeUnreachable"/> and
    /// <see cref="EngineErrorCode.Overloaded"/> when nothing happened, <see cref="EngineErrorCode.OutcomeUnknown"/> when it may have.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<ClusterAnswer> SendAsync(NodeId node, string address, ClusterRequest request, CancellationToken cancellationToken = default);
}

namespace Kyberium.Engine;

/// <summary>Does what other nodes ask.</summary>
public interface IClusterRequestHandler
{
    /// <summary>Does one request, once for each operation id.</summary>
    /// <param name="caller">The node that asks, as its certificate says.</param>
    /// <param name="request">What it asks. <see cref="ClusterRequest.Payload"/> is valid until the returned task has ended.</param>
    /// <param name="cancellationToken">Cancelled when nobody waits any more: the caller gave up, its deadline passed, or its connection was
    /// lost. Not to be used after the returned task has ended.</param>
    /// <returns>The answer; its payload is sent after the task has ended and must not change.</returns>
    /// <remarks>
    /// <para>A caller whose connection breaks asks again over the next one under the same <see cref="ClusterRequest.Operation"/>, also while
    /// the first request still runs. An implementation does the operation once and answers the second like the first.</para>
    /// <para>Called on the thread that reads the connection, one request after the other as they arrived: what takes long is awaited, so that
    /// the next can begin. Nothing is promised about the order in which requests arrive.</para>
    /// <para>An <see cref="EngineException"/> is answered with its code and message; any other exception with
    /// <see cref="EngineErrorCode.InternalError"/>, and its text goes to this node's log only.</para>
    /// </remarks>
    ValueTask<ClusterAnswer> HandleAsync(NodeId caller, ClusterRequest request, CancellationToken cancellationToken);
}

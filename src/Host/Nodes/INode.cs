using Kyberium.Host.Documents;

namespace Kyberium.Host.Nodes;

/// <summary>A node to operate: opened by this process, or running in another one.</summary>
internal interface INode : IAsyncDisposable
{
    /// <summary>Gets whether the node runs in another process.</summary>
    bool IsRemote { get; }

    /// <summary>Runs one operation.</summary>
    /// <exception cref="Engine.EngineException">What the operation gives, the same on both ways.</exception>
    Task<TReply> AskAsync<TRequest, TReply>(
        NodeOperation<TRequest, TReply> operation, TRequest request, CancellationToken cancellationToken);

    /// <summary>Gives received messages. Each has to be acknowledged by <see cref="NodeOperations.Acknowledge"/>; those that were not go
    /// to the next receiver.</summary>
    /// <param name="countMax">How many at most; null: no limit.</param>
    /// <param name="waits">Whether to wait for more when none is left.</param>
    IAsyncEnumerable<MessageDocument> ReceiveAsync(long? countMax, bool waits, CancellationToken cancellationToken);
}

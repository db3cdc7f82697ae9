namespace Kyberium.Engine;

/// <summary>What one node asks of another for a shard.</summary>
/// <param name="Operation">Under which the request is done once however often it arrives; not empty.</param>
/// <param name="Shard">Which shard it is for. The group has 1 to 64 ASCII characters.</param>
/// <param name="Remaining">How much time is left, 1 ms to 24 h. A duration, not a time of day: clocks of two nodes need not agree.</param>
/// <param name="Payload">Opaque to the link. Given to <see cref="INodeLinks"/>: unchanged until the call has ended. Given to a handler:
/// valid until its task has ended.</param>
public readonly record struct ClusterRequest(Guid Operation, ShardId Shard, TimeSpan Remaining, ReadOnlyMemory<byte> Payload);

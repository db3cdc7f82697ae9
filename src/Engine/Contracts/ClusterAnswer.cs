namespace Kyberium.Engine;

/// <summary>How a request ended.</summary>
public enum ClusterAnswerStatus
{
    /// <summary>There is no answer: the default value.</summary>
    None = 0,

    /// <summary>The other node did it; <see cref="ClusterAnswer.Payload"/> is its answer.</summary>
    Done = 1,

    /// <summary>It failed; <see cref="ClusterAnswer.Code"/> says how, and whether it may have happened all the same.</summary>
    Failed = 2,

    /// <summary>The other node does not own the shard and did nothing; <see cref="ClusterAnswer.Hint"/> says who does, as far as it knows.</summary>
    WrongOwner = 3,
}

/// <summary>Who owns a shard, as a node that does not knows it.</summary>
/// <param name="Owner">The owner; the default value when the node does not know one.</param>
/// <param name="Address">Where other nodes reach it: at most 255 ASCII characters; empty when it is not known.</param>
/// <param name="Fence">The fence it owns the shard under: of two claims the one with the higher fence holds.</param>
/// <param name="MapVersion">The version of the map this comes from.</param>
public readonly record struct OwnerHint(NodeId Owner, string Address, Fence Fence, long MapVersion)
{
    /// <summary>Gets the hint of who knows nobody.</summary>
    public static OwnerHint None { get; } = new(default, "", default, 0);
}

/// <summary>The answer to one <see cref="ClusterRequest"/>.</summary>
/// <remarks>Two codes come from the link itself. <see cref="EngineErrorCode.NodeUnreachable"/> and <see cref="EngineErrorCode.Overloaded"/>:
/// the request never left, it did not happen. <see cref="EngineErrorCode.OutcomeUnknown"/>: it left and no answer came, it may have
/// happened; asking again under the same operation id finds out.</remarks>
public readonly record struct ClusterAnswer
{
    /// <summary>The longest message of a failure, in bytes of UTF-8.</summary>
    public const int MessageBytesMax = 1_024;

    private const int AddressLengthMax = 255;

    private ClusterAnswer(ClusterAnswerStatus status) => Status = status;

    /// <summary>Gets how the request ended.</summary>
    public ClusterAnswerStatus Status { get; }

    /// <summary>Gets the answer's bytes; empty unless done. On the caller's side they may keep up to 80 KiB of their neighbours alive: copy
    /// what is kept for long.</summary>
    public ReadOnlyMemory<byte> Payload { get; private init; }

    /// <summary>Gets why it failed; meaningful when failed only.</summary>
    public EngineErrorCode Code { get; private init; }

    /// <summary>Gets what to do next, without the code in front; <see langword="null"/> unless failed.</summary>
    public string? Message { get; private init; }

    /// <summary>Gets who owns the shard; meaningful for a wrong owner only.</summary>
    public OwnerHint Hint { get; private init; }

    /// <summary>Answers with bytes; they must not change afterwards.</summary>
    public static ClusterAnswer Done(ReadOnlyMemory<byte> payload) => new(ClusterAnswerStatus.Done) { Payload = payload };

    /// <summary>Answers that it failed. A message is cut after 1,024 bytes of UTF-8.</summary>
    public static ClusterAnswer Failed(EngineErrorCode code, string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentOutOfRangeException.ThrowIfLessThan((int)code, 1, nameof(code));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((int)code, ushort.MaxValue, nameof(code));
        return new(ClusterAnswerStatus.Failed) { Code = code, Message = message };
    }

    /// <summary>Answers that the shard is not owned here and nothing was done.</summary>
    /// <exception cref="ArgumentException">The address is not ASCII, or too long.</exception>
    public static ClusterAnswer WrongOwner(OwnerHint hint) =>
        hint.Address is { Length: <= AddressLengthMax } address && System.Text.Ascii.IsValid(address)
            ? new(ClusterAnswerStatus.WrongOwner) { Hint = hint }
            : throw new ArgumentException($"an address has at most {AddressLengthMax} ASCII characters", nameof(hint));

    /// <summary>Makes the exception that a failed answer stands for.</summary>
    /// <exception cref="InvalidOperationException">The answer is not a failed one.</exception>
    public EngineException ToException() => Status == ClusterAnswerStatus.Failed
        ? new EngineException(Code, Message!)
        : throw new InvalidOperationException($"an answer that is {Status} is no failure");
}

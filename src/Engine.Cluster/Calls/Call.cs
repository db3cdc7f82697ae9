namespace Kyberium.Engine.Cluster.Calls;

/// <summary>What one caller waits for: one request or several. Touched under its link's lock only; its task continues elsewhere.</summary>
internal abstract class Call
{
    /// <summary>Gets how many requests it has.</summary>
    internal abstract int Count { get; }

    internal abstract ClusterRequest Request(int index);

    /// <summary>Tells whether nobody waits for this answer: it is there, or the whole call has ended.</summary>
    internal abstract bool IsSettled(int index);

    /// <summary>Gives one answer; the last one ends the call.</summary>
    internal abstract void Settle(int index, in ClusterAnswer answer);

    /// <summary>Ends the call as its caller wished.</summary>
    internal abstract void Cancel(CancellationToken cancellationToken);
}

/// <summary>One request. It is its caller's task as well.</summary>
internal sealed class SingleCall(ClusterRequest request) : Call
{
    private readonly TaskCompletionSource<ClusterAnswer> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task<ClusterAnswer> Task => _answered.Task;

    internal override int Count => 1;

    internal override ClusterRequest Request(int index) => request;

    internal override bool IsSettled(int index) => _answered.Task.IsCompleted;

    internal override void Settle(int index, in ClusterAnswer answer) => _answered.TrySetResult(answer);

    internal override void Cancel(CancellationToken cancellationToken) => _answered.TrySetCanceled(cancellationToken);
}

/// <summary>Several requests that are answered together.</summary>
internal sealed class BatchCall : Call
{
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ReadOnlyMemory<ClusterRequest> _requests;
    private readonly Memory<ClusterAnswer> _answers;
    private int _open;

    internal BatchCall(ReadOnlyMemory<ClusterRequest> requests, Memory<ClusterAnswer> answers)
    {
        (_requests, _answers, _open) = (requests, answers[..requests.Length], requests.Length);
        _answers.Span.Clear();
    }

    internal Task Task => _answered.Task;

    internal override int Count => _requests.Length;

    internal override ClusterRequest Request(int index) => _requests.Span[index];

    internal override bool IsSettled(int index) => _open == 0 || _answers.Span[index].Status != ClusterAnswerStatus.None;

    internal override void Settle(int index, in ClusterAnswer answer)
    {
        if (!IsSettled(index))
        {
            _answers.Span[index] = answer;
            if (--_open == 0)
            {
                _answered.TrySetResult();
            }
        }
    }

    internal override void Cancel(CancellationToken cancellationToken)
    {
        _open = 0;      // the caller has its answers' memory back from now on
        _answered.TrySetCanceled(cancellationToken);
    }
}

/// <summary>One request of a call on its way.</summary>
/// <param name="DueMillis">When its time is over, on this process's own clock.</param>
/// <param name="MayHaveHappened">It was sent over a connection that is lost.</param>
internal readonly record struct Pending(Call Call, int Index, long DueMillis, bool MayHaveHappened)
{
    internal bool IsSettled => Call.IsSettled(Index);

    internal void Settle(in ClusterAnswer answer) => Call.Settle(Index, answer);
}

using Kyberium.Engine.Forwarding;

namespace Kyberium.Engine.Tests.Forwarding;

/// <summary>What must not be done twice is done once, unless nothing happened the first time.</summary>
public sealed class RecentAnswersTests
{
    private static readonly ClusterAnswer Gone = ClusterAnswer.Failed(EngineErrorCode.OutcomeUnknown, "gone");

    private readonly TaskCompletionSource<ClusterAnswer> _answer = new();
    private readonly Guid _operation = Guid.NewGuid();
    private int _begun;

    [Fact]
    public async Task Who_asks_while_it_runs_gets_the_same_answer()
    {
        var once = Once();
        var (first, second) = (Ask(once), Ask(once));
        Assert.False(first.IsCompleted || second.IsCompleted);
        _answer.SetResult(ScriptedCluster.Done());

        Assert.Equal((ClusterAnswerStatus.Done, ClusterAnswerStatus.Done), ((await first).Status, (await second).Status));
        Assert.Equal(1, _begun);
    }

    [Fact]
    public async Task Who_asks_when_it_has_ended_is_told_that_it_was_done()
    {
        var once = Once();
        _answer.SetResult(ScriptedCluster.Done());
        Assert.Equal(ClusterAnswerStatus.Done, (await Ask(once)).Status);

        Assert.Equal(Gone, await Ask(once));
        Assert.Equal(1, _begun);
    }

    [Fact]
    public async Task A_failure_is_everybodys_and_is_not_tried_again()
    {
        var once = Once();
        var (first, second) = (Ask(once), Ask(once));
        _answer.SetException(new InvalidOperationException("broken"));

        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidOperationException>(() => first)).Message);
        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidOperationException>(() => second)).Message);
        Assert.Equal(Gone, await Ask(once));
        Assert.Equal(1, _begun);
    }

    public static TheoryData<EngineErrorCode?> Undone =>
        [null, EngineErrorCode.ShardElsewhere, EngineErrorCode.Overloaded, EngineErrorCode.EngineStopping, EngineErrorCode.NodeUnreachable];

    [Theory, MemberData(nameof(Undone))]
    public async Task What_did_not_happen_is_begun_again(EngineErrorCode? code)
    {
        var once = Once();
        _answer.SetResult(code is { } failed ? ScriptedCluster.Failed(failed) : ScriptedCluster.Elsewhere("a", 1));
        Assert.NotEqual(ClusterAnswerStatus.Done, (await Ask(once)).Status);
        var answered = await once.OnceAsync(_operation, static () => Task.FromResult(ScriptedCluster.Done()), Gone);

        Assert.Equal(ClusterAnswerStatus.Done, answered.Status);
        Assert.Equal(Gone, await Ask(once));
        Assert.Equal(1, _begun);
    }

    [Theory]
    [InlineData(EngineErrorCode.EnvelopeRejected)]
    [InlineData(EngineErrorCode.OutcomeUnknown)]
    public async Task What_failed_otherwise_is_not_begun_again(EngineErrorCode code)
    {
        var once = Once();
        _answer.SetResult(ScriptedCluster.Failed(code));
        Assert.Equal(code, (await Ask(once)).Code);

        Assert.Equal(Gone, await Ask(once));
    }

    [Fact]
    public async Task The_oldest_is_forgotten_first_and_what_runs_is_not()
    {
        var once = Once(countMax: 3);
        var running = Ask(once);
        var operations = Enumerable.Range(0, 4).Select(static _ => Guid.NewGuid()).ToArray();
        foreach (var operation in operations)
        {
            Assert.Equal(ClusterAnswerStatus.Done, (await DoneAsync(operation)).Status);
        }

        foreach (var operation in operations[1..])
        {
            Assert.Equal(Gone, await DoneAsync(operation));
        }

        var joined = Ask(once);
        _answer.SetResult(ScriptedCluster.Done());
        Assert.Equal((await running).Status, (await joined).Status);
        Assert.Equal(1, _begun);
        Assert.Equal(ClusterAnswerStatus.Done, (await DoneAsync(operations[0])).Status);

        Task<ClusterAnswer> DoneAsync(Guid operation) => once.OnceAsync(operation, static () => Task.FromResult(ScriptedCluster.Done()), Gone);
    }

    [Fact]
    public async Task An_operation_that_takes_long_to_begin_keeps_no_other_from_beginning()
    {
        var once = Once();
        using var isDone = new ManualResetEventSlim();
        var beside = Task.CompletedTask;
        var answer = await once.OnceAsync(
            _operation,
            () =>
            {
                beside = Task.Run(async () =>
                {
                    await once.OnceAsync(Guid.NewGuid(), static () => Task.FromResult(ScriptedCluster.Done()), Gone);
                    isDone.Set();
                });
                Assert.True(isDone.Wait(TimeSpan.FromSeconds(60)), "another operation waits for this one to have begun");
                return Task.FromResult(ScriptedCluster.Done());
            },
            Gone);

        Assert.Equal(ClusterAnswerStatus.Done, answer.Status);
        await beside;
    }

    private static RecentAnswers Once(int countMax = 100) => new(new ScriptedCluster.OneThread(TimeProvider.System), countMax);

    private Task<ClusterAnswer> Ask(RecentAnswers once) => once.OnceAsync(
        _operation,
        () =>
        {
            _begun++;
            return _answer.Task;
        },
        Gone);
}

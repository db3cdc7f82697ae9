using Kyberium.Engine.Forwarding;
using static Kyberium.Engine.Tests.Forwarding.ScriptedCluster;

namespace Kyberium.Engine.Tests.Forwarding;

/// <summary>Goal: a call is made once, by whoever has its shard, as soon as somebody has, and says truly whether it may have happened. Method: map, links and
/// clock are scripts.</summary>
public sealed class RequestRouterTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(200);        // the longest between two looks
    private static readonly NodeRequest Open = new NodeRequest.Open(new byte[3]);

    private readonly ScriptedCluster _cluster = new();

    [Fact]
    public async Task A_shard_that_is_here_is_asked_here()
    {
        _cluster.Place("self", 1);
        _cluster.Here = static () => Task.FromResult("here");

        Assert.Equal("here", await Ended(_cluster.Call()));
        Assert.Empty(_cluster.Sent);
    }

    [Fact]
    public async Task A_shard_of_another_node_is_asked_there_with_all_the_time_there_is()
    {
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Done("there"));

        Assert.Equal("there", await Ended(_cluster.Call()));
        Assert.Equal(("a", Patience), (Assert.Single(_cluster.Sent).Node, _cluster.Sent[0].Request.Remaining));
    }

    [Fact]
    public async Task A_newer_owner_that_an_answer_names_is_asked_at_once_and_remembered()
    {
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Elsewhere("b", 2), Elsewhere("c", 3), Done());

        await Ended(_cluster.Call());
        Assert.Equal(["a", "b", "c"], _cluster.Asked);
        Assert.Single(_cluster.Sent.Select(static sent => sent.Request.Operation).Distinct());
        _cluster.AnswersInTurn(Done());
        await Ended(_cluster.Call());
        Assert.Equal("c", _cluster.Sent[^1].Node);
        Assert.NotEqual(_cluster.Sent[0].Request.Operation, _cluster.Sent[^1].Request.Operation);
    }

    [Theory]
    [InlineData("b", 1)]
    [InlineData("b", 0)]
    [InlineData("a", 1)]
    public async Task An_owner_that_is_no_newer_is_not_asked_and_the_map_is_waited_for(string hinted, long fence)
    {
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Elsewhere(hinted, fence), ClusterAnswer.WrongOwner(OwnerHint.None), Done());

        var call = _cluster.Call();
        Assert.Equal(["a"], _cluster.Asked);
        _cluster.Pass(TimeSpan.FromMilliseconds(5));
        Assert.Equal(["a", "a"], _cluster.Asked);
        Assert.False(call.IsCompleted);
        _cluster.Place("c", 2);
        _cluster.Pass(Wait);
        await Ended(call);
        Assert.Equal(["a", "a", "c"], _cluster.Asked);
    }

    [Fact]
    public async Task A_hint_that_the_placement_does_not_take_is_not_followed_in_a_circle()
    {
        _cluster.Place("a", 1);
        _cluster.TakesCorrections = false;
        _cluster.AnswersInTurn(Elsewhere("b", 2), Done());

        var call = _cluster.Call();
        Assert.Equal(["a"], _cluster.Asked);
        _cluster.Pass(Wait);
        await Ended(call);
    }

    [Fact]
    public async Task A_hint_that_names_this_node_waits_until_the_shard_is_here()
    {
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Elsewhere("self", 2));

        var call = _cluster.Call();
        _cluster.Pass(Wait);
        Assert.False(call.IsCompleted);
        _cluster.Here = static () => Task.FromResult("here");
        _cluster.Pass(Wait);
        Assert.Equal("here", await Ended(call));
        Assert.Single(_cluster.Sent);
    }

    [Fact]
    public async Task While_nobody_has_the_shard_a_call_waits_and_then_goes_to_who_gets_it()
    {
        var call = _cluster.Call();
        _cluster.Pass(TimeSpan.FromSeconds(10));
        Assert.False(call.IsCompleted);
        Assert.Empty(_cluster.Sent);
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Done());
        _cluster.Pass(Wait);

        await Ended(call);
        Assert.InRange(Assert.Single(_cluster.Sent).Request.Remaining, Patience - TimeSpan.FromSeconds(10) - Wait, Patience - TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_call_that_nobody_can_take_fails_when_its_patience_is_over_and_not_before()
    {
        var call = _cluster.Call();
        _cluster.Pass(Patience - TimeSpan.FromMilliseconds(1));
        Assert.False(call.IsCompleted);
        _cluster.Pass(Wait);

        var failure = await FailureOf(call);
        Assert.Equal(EngineErrorCode.ShardElsewhere, failure.Code);
        Assert.Contains("within 30 s", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EngineErrorCode.ShardElsewhere, EngineErrorCode.ShardElsewhere)]
    [InlineData(EngineErrorCode.NodeUnreachable, EngineErrorCode.NodeUnreachable)]
    [InlineData(EngineErrorCode.Overloaded, EngineErrorCode.Overloaded)]
    [InlineData(EngineErrorCode.EngineStopping, EngineErrorCode.EngineStopping)]
    [InlineData(EngineErrorCode.OutcomeUnknown, EngineErrorCode.OutcomeUnknown)]
    [InlineData(EngineErrorCode.ShardRecovering, EngineErrorCode.OutcomeUnknown)]       // what the shard had begun it may find again
    [InlineData(EngineErrorCode.ShardFenced, EngineErrorCode.OutcomeUnknown)]
    [InlineData(EngineErrorCode.LeaseLost, EngineErrorCode.OutcomeUnknown)]
    public async Task What_ends_the_patience_says_what_stood_in_the_way_or_that_it_may_have_happened(EngineErrorCode answered, EngineErrorCode expected)
    {
        _cluster.Place("a", 1);
        _cluster.Answers = _ => new(Failed(answered));

        var call = _cluster.Call();
        _cluster.Pass(Patience + Wait);
        Assert.Equal(expected, (await FailureOf(call)).Code);
        Assert.True(_cluster.Sent.Count > 100);
        Assert.Single(_cluster.Sent.Select(static sent => sent.Request.Operation).Distinct());
        Assert.All(_cluster.Sent, static sent => Assert.Equal(Patience - sent.At, sent.Request.Remaining));
    }

    /// <summary>Before: a shard that stayed in recovery made its calls end as if they may have happened, and a message that never was counted as handled.</summary>
    [Fact]
    public async Task What_was_not_begun_when_the_patience_ends_did_not_happen_and_may_be_repeated()
    {
        _cluster.Here = static () => Task.FromException<string>(Kyberium.Engine.Shards.ShardErrors.Recovering(Shard));
        var call = _cluster.Call(Open);
        _cluster.Pass(Patience + Wait);
        var failure = await FailureOf(call);
        Assert.Equal((EngineErrorCode.ShardRecovering, true), (failure.Code, failure.IsTransient));

        _cluster.Here = static () => Task.FromException<string>(
            Kyberium.Engine.Shards.ShardErrors.NotBegun(Kyberium.Engine.Shards.ShardErrors.CommitFailed(Shard, new IOException("gone"))));
        call = _cluster.Call(again: (EngineErrorCode.MessageUnknown, "it had been done"));
        _cluster.Pass(Wait);
        _cluster.Here = static () => Task.FromException<string>(new EngineException(EngineErrorCode.MessageUnknown, "no such message"));
        _cluster.Pass(Wait);
        Assert.Equal(EngineErrorCode.MessageUnknown, (await FailureOf(call)).Code);
    }

    /// <summary>Before: the directory's owner told its own caller at once what the others waited out.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_claim_that_may_be_open_is_waited_out_on_every_node(bool isHere)
    {
        var open = Kyberium.Engine.Identities.DirectoryErrors.ClaimOpen(
            new Kyberium.Engine.Sessions.PeerKey(IdentityName.Default, new PeerId("bob")));
        if (isHere)
        {
            _cluster.Here = () => Task.FromException<string>(open);
        }
        else
        {
            _cluster.Place("a", 1);
            _cluster.Answers = _ => new(ClusterAnswer.Failed(open.Code, open.Advice));
        }

        var call = _cluster.Call();
        _cluster.Pass(TimeSpan.FromSeconds(10));
        Assert.False(call.IsCompleted);
        _cluster.Here = static () => Task.FromResult("pinned");
        _cluster.Pass(Wait);
        Assert.Equal("pinned", await Ended(call));

        _cluster.Here = isHere ? () => Task.FromException<string>(open) : static () => null;
        call = _cluster.Call();
        _cluster.Pass(Patience + Wait);
        Assert.Equal(EngineErrorCode.Overloaded, (await FailureOf(call)).Code);
    }

    [Fact]
    public async Task Waits_grow_to_a_fifth_of_a_second()
    {
        _cluster.Place("a", 1);
        _cluster.Answers = _ => new(Failed(EngineErrorCode.Overloaded));
        var call = _cluster.Call();
        _cluster.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(
            [5, 10, 20, 40, 80, 160, 200, 200, 200],
            _cluster.Sent.Zip(_cluster.Sent.Skip(1)).Select(static pair => (int)(pair.Second.At - pair.First.At).TotalMilliseconds));
        _cluster.Answers = _ => new(Done());
        _cluster.Pass(Wait);
        await Ended(call);
    }

    [Fact]
    public async Task What_was_done_and_never_answered_counts_as_done_when_it_is_asked_again()
    {
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Failed(EngineErrorCode.OutcomeUnknown), Failed(EngineErrorCode.NodeUnreachable), Failed(EngineErrorCode.MessageUnknown));

        var call = _cluster.Call(again: (EngineErrorCode.MessageUnknown, "it had been done"));
        _cluster.Pass(Wait);
        Assert.Equal("it had been done", await Ended(call));
    }

    [Fact]
    public async Task What_was_done_counts_as_done_too_when_the_shard_has_come_here_meanwhile()
    {
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Failed(EngineErrorCode.OutcomeUnknown));

        var call = _cluster.Call(again: (EngineErrorCode.MessageUnknown, "it had been done"));
        _cluster.Here = static () => Task.FromException<string>(new EngineException(EngineErrorCode.MessageUnknown, "no such message"));
        _cluster.Pass(Wait);
        Assert.Equal("it had been done", await Ended(call));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(EngineErrorCode.NodeUnreachable)]
    [InlineData(EngineErrorCode.Overloaded)]
    [InlineData(EngineErrorCode.ShardElsewhere)]
    public async Task A_failure_is_no_sign_of_a_call_that_cannot_have_happened(EngineErrorCode? before)
    {
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn([.. before is { } code ? [Failed(code)] : Array.Empty<ClusterAnswer>(), Failed(EngineErrorCode.MessageUnknown)]);

        var call = _cluster.Call(again: (EngineErrorCode.MessageUnknown, "it had been done"));
        _cluster.Pass(Wait);
        Assert.Equal(EngineErrorCode.MessageUnknown, (await FailureOf(call)).Code);
    }

    [Theory]
    [InlineData(EngineErrorCode.OutcomeUnknown)]
    [InlineData(EngineErrorCode.ShardFenced)]
    public async Task What_may_not_happen_twice_is_not_asked_twice(EngineErrorCode code)
    {
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Failed(code));

        Assert.Equal(code, (await FailureOf(_cluster.Call(Open))).Code);
        Assert.Single(_cluster.Sent);
    }

    [Theory]
    [InlineData(EngineErrorCode.NodeUnreachable)]
    [InlineData(EngineErrorCode.Overloaded)]
    [InlineData(EngineErrorCode.EngineStopping)]
    [InlineData(EngineErrorCode.ShardElsewhere)]
    public async Task What_may_not_happen_twice_is_asked_again_when_it_did_not_happen(EngineErrorCode code)
    {
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Failed(code), Done("opened"));

        var call = _cluster.Call(Open);
        _cluster.Pass(Wait);
        Assert.Equal("opened", await Ended(call));
    }

    [Fact]
    public async Task Another_failure_is_the_callers_at_once()
    {
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Failed(EngineErrorCode.OutboxFull));

        var failure = await FailureOf(_cluster.Call());
        Assert.Equal(EngineErrorCode.OutboxFull, failure.Code);
        Assert.EndsWith("it did not go", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EngineErrorCode.EngineStopping)]
    [InlineData(EngineErrorCode.Overloaded)]
    public async Task A_failure_of_this_process_is_not_waited_out(EngineErrorCode code)
    {
        _cluster.Here = () => Task.FromException<string>(new EngineException(code, "not now"));

        Assert.Equal(code, (await FailureOf(_cluster.Call())).Code);
    }

    [Theory]
    [InlineData(EngineErrorCode.ShardElsewhere)]
    [InlineData(EngineErrorCode.ShardRecovering)]
    [InlineData(EngineErrorCode.LeaseLost)]
    public async Task A_shard_that_leaves_this_process_under_a_call_is_followed(EngineErrorCode code)
    {
        _cluster.Place("self", 1);
        _cluster.Here = () => Task.FromException<string>(new EngineException(code, "gone"));
        var call = _cluster.Call();
        Assert.False(call.IsCompleted);
        _cluster.Here = static () => null;
        _cluster.Place("a", 2);
        _cluster.AnswersInTurn(Done("there"));
        _cluster.Pass(Wait);

        Assert.Equal("there", await Ended(call));
    }

    [Fact]
    public async Task An_answer_that_cannot_be_read_is_not_asked_for_again()
    {
        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Done());

        var call = ScriptedCluster.Inline(() => _cluster.Router.CallAsync(
            Shard, static () => null, new NodeRequest.ListPeers(0), default, static bytes => NodeAnswerCodec.Read(bytes, NodeAnswerCodec.ReadNumber)));
        Assert.Equal(EngineErrorCode.InternalError, (await FailureOf(call)).Code);
        Assert.Single(_cluster.Sent);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancelling_ends_the_waiting_for_an_owner_and_for_an_answer(bool isAsked)
    {
        using var cancel = new CancellationTokenSource();
        var never = new TaskCompletionSource<ClusterAnswer>();
        _cluster.Answers = _ => new(never.Task);
        if (isAsked)
        {
            _cluster.Place("a", 1);
        }

        var call = _cluster.Call(cancellationToken: cancel.Token);
        _cluster.Pass(Wait);
        Assert.False(call.IsCompleted);
        ScriptedCluster.Inline(() =>
        {
            cancel.Cancel();
            return true;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal(isAsked ? 1 : 0, _cluster.Sent.Count);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _cluster.Call(cancellationToken: cancel.Token));
    }

    [Fact]
    public async Task What_is_told_follows_one_hint_and_waits_for_nobody()
    {
        Assert.False(await Ended(_cluster.Tell()));
        Assert.Empty(_cluster.Sent);

        _cluster.Place("a", 1);
        _cluster.AnswersInTurn(Elsewhere("b", 2), Done());
        Assert.True(await Ended(_cluster.Tell()));
        _cluster.AnswersInTurn(Elsewhere("c", 3), Elsewhere("d", 4));
        Assert.False(await Ended(_cluster.Tell()));
        _cluster.AnswersInTurn(Failed(EngineErrorCode.NodeUnreachable));
        Assert.False(await Ended(_cluster.Tell()));
        Assert.Equal(["a", "b", "b", "c", "d"], _cluster.Asked);
    }

    [Fact]
    public void Who_asks_wrongly_is_told_the_owner_that_is_known_here_unless_that_is_this_node()
    {
        Assert.Equal(ClusterAnswer.WrongOwner(OwnerHint.None), _cluster.Router.WrongOwner(Shard));
        _cluster.Place("self", 4);
        Assert.Equal(ClusterAnswer.WrongOwner(OwnerHint.None), _cluster.Router.WrongOwner(Shard));
        _cluster.Place("a", 5);
        Assert.Equal(Elsewhere("a", 5), _cluster.Router.WrongOwner(Shard));
    }

    /// <summary>What has ended has ended within the call that moved it.</summary>
    private static async Task<T> Ended<T>(Task<T> call)
    {
        Assert.True(call.IsCompleted, "it still waits");
        return await call;
    }

    private static async Task<EngineException> FailureOf<T>(Task<T> call)
    {
        Assert.True(call.IsCompleted, "it still waits");
        return await Assert.ThrowsAsync<EngineException>(() => call);
    }
}

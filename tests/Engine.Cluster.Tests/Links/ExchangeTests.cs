namespace Kyberium.Engine.Cluster.Tests.Links;

/// <summary>Requests and answers between two nodes over real sockets and certificates.</summary>
public sealed class ExchangeTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_request_arrives_as_it_was_sent_and_its_answer_comes_back()
    {
        (NodeId Caller, ClusterRequest Request, byte[] Payload)? seen = null;
        var (links, node) = await _cluster.JoinAsync(new HandlerOf((caller, request, _) =>
        {
            seen = (caller, request, request.Payload.ToArray());
            return ValueTask.FromResult(ClusterAnswer.Done("answer"u8.ToArray()));
        }));
        var operation = Guid.NewGuid();

        var answer = await links.SendAsync(node, TestCluster.Request("request"u8.ToArray(), operation: operation, shard: 65_535)).AsTask()
            .WaitAsync(TestCluster.Patience);

        Assert.Equal(ClusterAnswerStatus.Done, answer.Status);
        Assert.Equal("answer"u8, answer.Payload.Span);
        Assert.Equal("client", seen!.Value.Caller.Value);
        Assert.Equal(operation, seen.Value.Request.Operation);
        Assert.Equal(new ShardId("default", 65_535), seen.Value.Request.Shard);
        Assert.InRange(seen.Value.Request.Remaining, TimeSpan.FromSeconds(30), TestCluster.Patience);
        Assert.Equal("request"u8.ToArray(), seen.Value.Payload);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16_384)]
    [InlineData(16_385)]
    [InlineData(1_114_156)]
    [InlineData(2 << 20)]
    public async Task Payloads_of_every_size_come_back_whole(int length)
    {
        var (links, node) = await _cluster.JoinAsync(new EchoHandler());
        var payload = new byte[length];
        new Random(length).NextBytes(payload);

        var answer = await links.SendAsync(node, TestCluster.Request(payload)).AsTask().WaitAsync(TestCluster.Patience);

        Assert.Equal(ClusterAnswerStatus.Done, answer.Status);
        Assert.True(answer.Payload.Span.SequenceEqual(payload));
    }

    [Theory]
    [InlineData((2 << 20) + 1)]
    [InlineData((16 << 20) + 1)]
    public async Task A_payload_that_the_node_does_not_take_is_refused_here(int length)
    {
        var (links, node) = await _cluster.JoinAsync(new EchoHandler());

        var answer = await links.SendAsync(node, TestCluster.Request(new byte[length])).AsTask().WaitAsync(TestCluster.Patience);

        Assert.Equal((ClusterAnswerStatus.Failed, EngineErrorCode.PayloadTooLarge), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task An_answer_that_is_too_long_becomes_a_failure_and_the_link_goes_on()
    {
        var (links, node) = await _cluster.JoinAsync(new HandlerOf((_, request, _) =>
            ValueTask.FromResult(ClusterAnswer.Done(request.Payload.IsEmpty ? new byte[(2 << 20) + 1] : new byte[1]))));

        var answer = await links.SendAsync(node, TestCluster.Request(default)).AsTask().WaitAsync(TestCluster.Patience);
        var next = await links.SendAsync(node, TestCluster.Request(new byte[1])).AsTask().WaitAsync(TestCluster.Patience);

        Assert.Equal(EngineErrorCode.PayloadTooLarge, answer.Code);
        Assert.Equal(ClusterAnswerStatus.Done, next.Status);
        Assert.Equal(1, links.LoadOf(node).Generation);
    }

    [Fact]
    public async Task Failures_and_hints_come_back_as_they_were_given()
    {
        var (links, node) = await _cluster.JoinAsync(new HandlerOf((_, request, _) => request.Shard.Number switch
        {
            0 => ValueTask.FromResult(ClusterAnswer.Failed(EngineErrorCode.OutboxFull, "wait für it")),
            1 => ValueTask.FromResult(ClusterAnswer.WrongOwner(new OwnerHint(new NodeId("other:1"), "https://other:5000", new Fence(17), 4_711))),
            2 => throw new EngineException(EngineErrorCode.PeerUnknown, "no such peer"),
            3 => throw new InvalidOperationException("secret detail"),
            _ => ValueTask.FromResult(default(ClusterAnswer)),
        }));
        var requests = Enumerable.Range(0, 5).Select(shard => TestCluster.Request(default, shard: shard)).ToArray();
        var answers = new ClusterAnswer[5];

        await links.SendAsync(node, requests, answers).AsTask().WaitAsync(TestCluster.Patience);

        Assert.Equal((EngineErrorCode.OutboxFull, "wait für it"), (answers[0].Code, answers[0].Message));
        Assert.Equal(new OwnerHint(new NodeId("other:1"), "https://other:5000", new Fence(17), 4_711), answers[1].Hint);
        Assert.Equal((EngineErrorCode.PeerUnknown, "no such peer"), (answers[2].Code, answers[2].Message));
        Assert.Equal(EngineErrorCode.InternalError, answers[3].Code);
        Assert.DoesNotContain("secret", answers[3].Message, StringComparison.Ordinal);
        Assert.Equal(EngineErrorCode.InternalError, answers[4].Code);
        Assert.Contains(_cluster.Log.Lines, line => line.Contains("secret detail", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Ten_thousand_concurrent_requests_are_answered_each_with_its_own()
    {
        var (links, node) = await _cluster.JoinAsync(new HandlerOf(async (_, request, _) =>
        {
            var payload = request.Payload.ToArray();
            await Task.Yield();
            return ClusterAnswer.Done(payload);
        }), new ClusterLinkServerOptions { Listen = TestCluster.Options().Listen, RequestCountMax = 256, RequestBytesMax = 64 << 10 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(number =>
            links.SendAsync(node, TestCluster.Request(BitConverter.GetBytes(number))).AsTask())).WaitAsync(TestCluster.Patience);

        Assert.All(answers.Index(), answer => Assert.Equal(BitConverter.GetBytes(answer.Index), answer.Item.Payload.ToArray()));
        Assert.Equal(1, links.LoadOf(node).Generation);
    }

    [Fact]
    public async Task No_more_requests_run_at_once_than_were_granted()
    {
        var (running, most) = (0, 0);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (links, node) = await _cluster.JoinAsync(new HandlerOf(async (_, _, _) =>
        {
            var now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            if (now == 32)
            {
                reached.TrySetResult();
            }

            await gate.Task;
            Interlocked.Decrement(ref running);
            return ClusterAnswer.Done(default);
        }), new ClusterLinkServerOptions { Listen = TestCluster.Options().Listen, RequestCountMax = 32 });

        var calls = Enumerable.Range(0, 500).Select(_ => links.SendAsync(node, TestCluster.Request(new byte[100])).AsTask()).ToList();
        await reached.Task.WaitAsync(TestCluster.Patience);
        Assert.Equal((468, 32), (links.LoadOf(node).Waiting, links.LoadOf(node).Unanswered));
        gate.SetResult();
        await Task.WhenAll(calls).WaitAsync(TestCluster.Patience);

        Assert.Equal(32, most);
    }

    [Fact]
    public async Task What_finds_no_room_to_wait_is_refused_and_did_not_happen()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = await _cluster.ServeAsync(new HandlerOf(async (_, _, _) =>
        {
            await gate.Task;
            return ClusterAnswer.Done(default);
        }), options: new ClusterLinkServerOptions { Listen = TestCluster.Options().Listen, RequestCountMax = 1 });
        var links = _cluster.Links(options: new ClusterLinkOptions { WaitingCountMax = 64 });
        var node = new NodeId("server");
        links.SetAddress(node, "127.0.0.1", server.Address.Port);

        var calls = Enumerable.Range(0, 200).Select(_ => links.SendAsync(node, TestCluster.Request(default)).AsTask()).ToList();
        var refused = await Task.WhenAll(calls.Where(call => call.IsCompleted));
        gate.SetResult();
        var answers = await Task.WhenAll(calls).WaitAsync(TestCluster.Patience);

        Assert.InRange(refused.Length, 135, 136);
        Assert.All(refused, answer => Assert.Equal(EngineErrorCode.Overloaded, answer.Code));
        Assert.Equal(200 - refused.Length, answers.Count(answer => answer.Status == ClusterAnswerStatus.Done));
    }

    [Fact]
    public async Task Small_requests_overtake_large_ones()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (links, node) = await _cluster.JoinAsync(new HandlerOf(async (_, request, _) =>
        {
            var payload = request.Payload.ToArray();
            await (payload.Length > 100 ? gate.Task : Task.CompletedTask);
            return ClusterAnswer.Done(payload);
        }));
        await links.SendAsync(node, TestCluster.Request(default));
        var large = Enumerable.Range(0, 40).Select(_ => links.SendAsync(node, TestCluster.Request(new byte[2 << 20])).AsTask()).ToList();

        // Large ones fill their places and more wait behind them: the small ones are sent and answered all the same.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => links.SendAsync(node, TestCluster.Request(new byte[100])).AsTask()))
            .WaitAsync(TestCluster.Patience);
        Assert.All(large, call => Assert.False(call.IsCompleted));
        gate.SetResult();

        var answers = await Task.WhenAll(large).WaitAsync(TestCluster.Patience);
        Assert.All(answers, answer => Assert.Equal(2 << 20, answer.Payload.Length));
    }

    [Fact]
    public async Task A_request_whose_time_is_over_is_stopped_and_may_have_happened()
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (links, node) = await _cluster.JoinAsync(new HandlerOf(async (_, request, cancellationToken) =>
        {
            if (request.Payload.IsEmpty)
            {
                return ClusterAnswer.Done(default);
            }

            await StoppedAsync(stopped, cancellationToken);
            return ClusterAnswer.Done(default);
        }));
        await links.SendAsync(node, TestCluster.Request(default)).AsTask().WaitAsync(TestCluster.Patience);      // connected: what comes is sent at once

        var answer = await links.SendAsync(node, TestCluster.Request(new byte[1], TimeSpan.FromSeconds(2))).AsTask().WaitAsync(TestCluster.Patience);
        await stopped.Task.WaitAsync(TestCluster.Patience);
        var next = await links.SendAsync(node, TestCluster.Request(default)).AsTask().WaitAsync(TestCluster.Patience);

        Assert.Equal(EngineErrorCode.OutcomeUnknown, answer.Code);
        Assert.True(answer.ToException().IsTransient);
        Assert.Equal(ClusterAnswerStatus.Done, next.Status);
        Assert.Equal(1, links.LoadOf(node).Generation);
    }

    [Fact]
    public async Task A_cancelled_request_is_stopped_at_the_other_node()
    {
        var (began, stopped) = (
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var (links, node) = await _cluster.JoinAsync(new HandlerOf(async (_, _, cancellationToken) =>
        {
            began.SetResult();
            await StoppedAsync(stopped, cancellationToken);
            return ClusterAnswer.Done(default);
        }));
        using var cancellation = new CancellationTokenSource();

        var call = links.SendAsync(node, TestCluster.Request(default), cancellation.Token).AsTask();
        await began.Task.WaitAsync(TestCluster.Patience);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(TestCluster.Patience));
        await stopped.Task.WaitAsync(TestCluster.Patience);
    }

    /// <summary>Waits until a request is stopped, and says so from within it: a callback could be taken back when the request ends.</summary>
    private static async Task StoppedAsync(TaskCompletionSource stopped, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopped.SetResult();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static void InterlockedMax(ref int most, int now)
    {
        for (var seen = Volatile.Read(ref most); now > seen && Interlocked.CompareExchange(ref most, now, seen) is var found && found != seen; seen = found)
        {
        }
    }

    [Fact]
    public async Task A_node_that_nobody_knows_was_not_asked()
    {
        var answer = await _cluster.Links().SendAsync(new NodeId("nobody"), TestCluster.Request(default));

        Assert.Equal(EngineErrorCode.NodeUnreachable, answer.Code);
    }
}

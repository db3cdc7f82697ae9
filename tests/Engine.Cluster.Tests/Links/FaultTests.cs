using Kyberium.Tests.Support;

namespace Kyberium.Engine.Cluster.Tests.Links;

/// <summary>Goal: whatever happens on the way, each request is answered once, done once by a handler that keeps the contract, and who does not know says so.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    private static readonly NodeId Server = new("server");

    private readonly TestCluster _cluster = new();
    private readonly OnceHandler _handler = new();
    private ClusterLinkServer _server = null!;
    private TcpProxy _proxy = null!;
    private ClusterLinks _links = null!;

    public async Task InitializeAsync()
    {
        _server = await _cluster.ServeAsync(_handler);
        _proxy = new TcpProxy(_server.Address.Port);
        Link(TestCluster.PatientOptions);
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [Fact]
    public async Task What_a_lost_connection_left_open_is_asked_again_under_the_same_operation_and_done_once()
    {
        var (arrived, gate) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        var count = 0;
        _handler.Before = async () =>
        {
            if (Interlocked.Increment(ref count) == 100)
            {
                arrived.SetResult();
            }

            await gate.Task;
        };
        var calls = Send(100);
        await arrived.Task.WaitAsync(TestCluster.Patience);

        _proxy.Break();
        gate.SetResult();
        var answers = await Task.WhenAll(calls).WaitAsync(TestCluster.Patience);

        Assert.All(answers.Index(), answer => Assert.Equal(BitConverter.GetBytes(answer.Index), answer.Item.Payload.ToArray()));
        Assert.Equal(100, _handler.Effects);
        Assert.All(_handler.Arrivals.Values, arrivals => Assert.Equal(2, arrivals));
        Assert.Equal(2, _links.LoadOf(Server).Generation);
    }

    [Fact]
    public async Task Connections_cut_again_and_again_lose_nothing_and_do_nothing_twice()
    {
        var arrivals = 0;
        _handler.Before = () =>
        {
            if (Interlocked.Increment(ref arrivals) % 150 == 0)
            {
                _proxy.Break();
            }

            return Task.CompletedTask;
        };

        for (var round = 0; round < 40; round++)
        {
            var answers = await Task.WhenAll(Send(100, bytes: round % 8 == 0 ? 40_000 : 4)).WaitAsync(TestCluster.Patience);
            Assert.All(answers, answer => Assert.Equal(ClusterAnswerStatus.Done, answer.Status));
        }

        Assert.Equal(4_000, _handler.Effects);
        Assert.True(_links.LoadOf(Server).Generation > 10);
    }

    [Fact]
    public async Task A_silent_network_is_noticed_and_what_was_open_is_done_once_it_heals()
    {
        Link(Impatient);
        await Task.WhenAll(Send(1)).WaitAsync(TestCluster.Patience);
        _proxy.IsBlackHole = true;
        var calls = Send(50);

        await _cluster.LoggedAsync(line => line.StartsWith("1101", StringComparison.Ordinal));
        _proxy.IsBlackHole = false;
        var answers = await Task.WhenAll(calls).WaitAsync(TestCluster.Patience);

        Assert.All(answers, answer => Assert.Equal(ClusterAnswerStatus.Done, answer.Status));
        Assert.Equal(51, _handler.Effects);
    }

    [Fact]
    public async Task During_a_partition_requests_end_in_time_and_say_whether_they_left()
    {
        Link(Impatient);
        await Task.WhenAll(Send(1)).WaitAsync(TestCluster.Patience);
        _proxy.IsBlackHole = true;
        var sent = _links.SendAsync(Server, TestCluster.Request(new byte[1], TimeSpan.FromSeconds(2))).AsTask();
        Assert.Equal(EngineErrorCode.OutcomeUnknown, (await sent.WaitAsync(TestCluster.Patience)).Code);

        _proxy.Refuses = true;
        _proxy.Break();
        await _cluster.LoggedAsync(line => line.StartsWith("1101", StringComparison.Ordinal));
        var unsent = await _links.SendAsync(Server, TestCluster.Request(new byte[1], TimeSpan.FromMilliseconds(400))).AsTask().WaitAsync(TestCluster.Patience);

        Assert.Equal(EngineErrorCode.NodeUnreachable, unsent.Code);
        Assert.True(unsent.ToException().IsTransient);

        (_proxy.IsBlackHole, _proxy.Refuses) = (false, false);
        var healed = await Task.WhenAll(Send(10)).WaitAsync(TestCluster.Patience);
        Assert.All(healed, answer => Assert.Equal(ClusterAnswerStatus.Done, answer.Status));
    }

    [Fact]
    public async Task A_node_that_restarts_elsewhere_gets_what_waited()
    {
        await Task.WhenAll(Send(1)).WaitAsync(TestCluster.Patience);
        _proxy.Refuses = true;
        _server.Abort();
        await _server.DisposeAsync();
        var calls = Send(200);

        var again = await _cluster.ServeAsync(_handler);
        _proxy.Redirect(again.Address.Port);
        _proxy.Refuses = false;
        var answers = await Task.WhenAll(calls).WaitAsync(TestCluster.Patience);

        Assert.All(answers, answer => Assert.Equal(ClusterAnswerStatus.Done, answer.Status));
        Assert.Equal(201, _handler.Effects);
    }

    [Fact]
    public async Task A_server_that_stops_answers_what_it_has_and_sends_callers_elsewhere()
    {
        var (arrived, gate) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        _handler.Before = () =>
        {
            arrived.TrySetResult();
            return gate.Task;
        };
        var stops = await _cluster.ServeAsync(_handler, options: new ClusterLinkServerOptions
        {
            Listen = TestCluster.Options().Listen, DrainTimeout = TestCluster.Patience, KeepAliveTimeout = TestCluster.Patience,
        });
        _proxy.Redirect(stops.Address.Port);
        var open = Send(1);
        await arrived.Task.WaitAsync(TestCluster.Patience);

        var stopping = stops.DisposeAsync().AsTask();
        var again = await _cluster.ServeAsync(_handler);
        _proxy.Redirect(again.Address.Port);
        gate.SetResult();
        var answers = await Task.WhenAll([.. open, .. Send(50)]).WaitAsync(TestCluster.Patience);
        await stopping.WaitAsync(TestCluster.Patience);

        Assert.All(answers, answer => Assert.Equal(ClusterAnswerStatus.Done, answer.Status));
        Assert.Equal(51, _handler.Effects);
        Assert.Equal(1, _handler.Arrivals.Values.Max());
    }

    [Fact]
    public async Task A_caller_that_reads_slowly_costs_bounded_memory_and_gets_everything()
    {
        (_proxy.ChunkBytesMax, _proxy.Delay) = (8 << 10, TimeSpan.FromMilliseconds(1));
        var payload = new byte[100_000];
        var calls = Enumerable.Range(0, 30).Select(_ => _links.SendAsync(Server, TestCluster.Request(payload)).AsTask()).ToList();

        var answers = await Task.WhenAll(calls).WaitAsync(TestCluster.Patience);

        Assert.All(answers, answer => Assert.Equal(payload.Length, answer.Payload.Length));
    }

    [Fact]
    public async Task Links_that_are_closed_settle_everything()
    {
        _handler.Before = () => Task.Delay(Timeout.Infinite);
        var sent = Send(10);
        await TestCluster.UntilAsync(() => _handler.Arrivals.Count == 10);

        await _links.DisposeAsync();
        var answers = await Task.WhenAll(sent).WaitAsync(TestCluster.Patience);

        Assert.All(answers, answer => Assert.Equal(EngineErrorCode.OutcomeUnknown, answer.Code));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _links.SendAsync(Server, TestCluster.Request(default)).AsTask());
    }

    private List<Task<ClusterAnswer>> Send(int count, int bytes = 4) =>
    [
        .. Enumerable.Range(0, count).Select(number =>
        {
            var payload = new byte[bytes];
            BitConverter.TryWriteBytes(payload, number);
            return _links.SendAsync(Server, TestCluster.Request(payload)).AsTask();
        }),
    ];

    /// <summary>Gets options by which a silent network is noticed soon, and so is a machine that is busy.</summary>
    private static ClusterLinkOptions Impatient => new()
    {
        ReconnectDelayMax = TimeSpan.FromMilliseconds(100), ConnectTimeout = TimeSpan.FromSeconds(1),
        KeepAliveDelay = TimeSpan.FromSeconds(1), KeepAliveTimeout = TimeSpan.FromSeconds(1),
    };

    private void Link(ClusterLinkOptions options)
    {
        _links = _cluster.Links(options: options);
        _links.SetAddress(Server, "127.0.0.1", _proxy.Port);
    }
}

using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Tests.Support;

namespace Kyberium.Engine.Cluster.Tests.Links;

/// <summary>Goal: only nodes of this cluster, with certificates in force, exchange anything; certificates and roots change under load.</summary>
public sealed class TrustTests : IAsyncLifetime
{
    private static readonly NodeId Server = new("server");
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(800);

    private readonly TestCluster _cluster = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_node_of_another_cluster_is_refused_by_both_sides()
    {
        var other = new ClusterName("other");
        using var otherRoot = TestCluster.NewRoot(other);
        var stranger = new ClusterIdentity(other, TestCluster.Certificate(otherRoot, other, "client"), [otherRoot.Certificate, _cluster.Root.Certificate]);

        await RefusedAsync(stranger, "1104", "it is of cluster 'other'");
    }

    [Fact]
    public async Task A_certificate_of_the_right_name_and_another_root_is_refused()
    {
        using var forged = TestCluster.NewRoot(_cluster.Name);
        var forger = new ClusterIdentity(_cluster.Name, TestCluster.Certificate(forged, _cluster.Name, "client"), [_cluster.Root.Certificate]);

        await RefusedAsync(forger, "1104", "PartialChain");
    }

    [Fact]
    public async Task An_expired_certificate_is_refused()
    {
        var expired = TestCluster.Certificate(
            _cluster.Root, _cluster.Name, "client", TimeSpan.FromMinutes(1), DateTimeOffset.UtcNow - TimeSpan.FromMinutes(2));
        await RefusedAsync(new ClusterIdentity(_cluster.Name, expired, [_cluster.Root.Certificate]), "1104", "NotTimeValid");
    }

    [Fact]
    public async Task A_denied_certificate_is_refused_and_its_connection_ends()
    {
        var identity = _cluster.Identity("server");
        var server = await _cluster.ServeAsync(new EchoHandler(), identity);
        var client = _cluster.Identity("client");
        var links = _cluster.Links(client);
        links.SetAddress(Server, "127.0.0.1", server.Address.Port);
        Assert.Equal(ClusterAnswerStatus.Done, (await links.SendAsync(Server, TestCluster.Request(default))).Status);

        identity.Replace(identity.Certificate, [_cluster.Root.Certificate], [client.Certificate.SerialNumber]);
        ClusterAnswer answer;
        do
        {
            answer = await links.SendAsync(Server, TestCluster.Request(default, Short)).AsTask().WaitAsync(TestCluster.Patience);
        }
        while (answer.Status == ClusterAnswerStatus.Done);      // the end of the connection is on its way

        Assert.Contains(_cluster.Log.Lines, line => line.Contains("it was denied", StringComparison.Ordinal));      // that is what ended it
        Assert.Contains(answer.Code, new[] { EngineErrorCode.NodeUnreachable, EngineErrorCode.OutcomeUnknown });
    }

    // The moment between a caller's being let in and its connection's being ended by what is replaced: the server reads its clock right there.
    [Fact]
    public async Task A_caller_that_is_denied_while_it_is_being_let_in_gets_no_answer()
    {
        var identity = _cluster.Identity("server");
        var client = _cluster.Identity("client");
        var time = new TimeThatIsRead(reads =>
        {
            if (reads == 2)     // first by the handshake
            {
                identity.Replace(identity.Certificate, [_cluster.Root.Certificate], [client.Certificate.SerialNumber]);
            }
        });
        var at = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0);
        var server = await _cluster.ServeAsync(new EchoHandler(), identity, new ClusterLinkServerOptions { Listen = at, DrainTimeout = Short, TimeProvider = time });
        var links = _cluster.Links(client);
        links.SetAddress(Server, "127.0.0.1", server.Address.Port);

        using var enough = new CancellationTokenSource();
        var asking = links.SendAsync(Server, TestCluster.Request(default), enough.Token).AsTask();
        await _cluster.LoggedAsync(line => asking.IsCompleted || (line.StartsWith("1104", StringComparison.Ordinal) && line.Contains("it was denied", StringComparison.Ordinal)));
        Assert.True(time.Reads >= 2, "nobody was let in at all");
        Assert.False(asking.IsCompletedSuccessfully, "it was answered");
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task Another_node_of_the_same_cluster_is_not_taken_for_the_one_that_was_meant()
    {
        var server = await _cluster.ServeAsync(new EchoHandler(), _cluster.Identity("somebody-else"));
        var links = _cluster.Links();
        links.SetAddress(Server, "127.0.0.1", server.Address.Port);

        await UnreachableUntilAsync(links, line => line.StartsWith("1103", StringComparison.Ordinal)
            && line.Contains("'somebody-else', not 'server'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_certificate_that_runs_out_ends_its_connection()
    {
        var server = await _cluster.ServeAsync(new EchoHandler());
        var soon = TestCluster.Certificate(_cluster.Root, _cluster.Name, "client", TimeSpan.FromSeconds(6));
        var links = _cluster.Links(new ClusterIdentity(_cluster.Name, soon, [_cluster.Root.Certificate]));
        links.SetAddress(Server, "127.0.0.1", server.Address.Port);
        ClusterAnswer answer;
        var done = 0;
        do
        {
            answer = await links.SendAsync(Server, TestCluster.Request(default, TimeSpan.FromSeconds(5))).AsTask().WaitAsync(TestCluster.Patience);
            done += answer.Status == ClusterAnswerStatus.Done ? 1 : 0;
        }
        while (answer.Status == ClusterAnswerStatus.Done);

        Assert.True(done > 0);
        Assert.True(DateTime.Now >= soon.NotAfter, $"it ended before, with {answer.Code}");
    }

    [Fact]
    public async Task A_certificate_replaced_while_a_connection_is_made_is_shown_by_another_one()
    {
        var server = await _cluster.ServeAsync(new EchoHandler());
        await using var proxy = new TcpProxy(server.Address.Port) { HoldsRequests = true };
        var client = _cluster.Identity("client");
        var links = _cluster.Links(client);
        links.SetAddress(Server, "127.0.0.1", proxy.Port);
        var call = links.SendAsync(Server, TestCluster.Request(default)).AsTask();
        await proxy.Stopped.Reader.ReadAsync().AsTask().WaitAsync(TestCluster.Patience);       // it has begun, with what was shown then

        client.Replace(TestCluster.Certificate(_cluster.Root, _cluster.Name, "client"), [_cluster.Root.Certificate]);
        await proxy.LetGoAsync();
        Assert.Equal(ClusterAnswerStatus.Done, (await call.WaitAsync(TestCluster.Patience)).Status);
        await TestCluster.UntilAsync(() => links.LoadOf(Server).Generation == 2);
    }

    [Fact]
    public async Task The_root_is_rotated_under_load_and_no_request_fails()
    {
        using var next = TestCluster.NewRoot(_cluster.Name);
        var (server, client) = (_cluster.Identity("server"), _cluster.Identity("client"));
        var handler = new OnceHandler();
        var listening = await _cluster.ServeAsync(handler, server);
        var links = _cluster.Links(client);
        links.SetAddress(Server, "127.0.0.1", listening.Address.Port);
        using var over = new CancellationTokenSource();
        var load = Enumerable.Range(0, 8).Select(_ => LoadAsync(links, over.Token)).ToList();

        X509Certificate2[] both = [_cluster.Root.Certificate, next.Certificate];
        (bool Reconnects, Action Replace)[] steps =
        [
            (false, () => server.Replace(server.Certificate, both)),
            (true, () => client.Replace(client.Certificate, both)),
            (false, () => server.Replace(TestCluster.Certificate(next, _cluster.Name, "server"), both)),
            (true, () => client.Replace(TestCluster.Certificate(next, _cluster.Name, "client"), both)),
            (false, () => server.Replace(server.Certificate, [next.Certificate])),
            (true, () => client.Replace(client.Certificate, [next.Certificate])),
        ];
        foreach (var (reconnects, replace) in steps)
        {
            var generation = links.LoadOf(Server).Generation;
            var done = handler.Effects;
            replace();
            await TestCluster.UntilAsync(() => handler.Effects >= done + 200 && (!reconnects || links.LoadOf(Server).Generation > generation));
        }

        await over.CancelAsync();
        var answers = (await Task.WhenAll(load).WaitAsync(TestCluster.Patience)).SelectMany(list => list).ToList();
        Assert.All(answers, answer => Assert.Equal(ClusterAnswerStatus.Done, answer.Status));
        Assert.True(answers.Count >= 1_200);
        Assert.Equal(answers.Count, handler.Effects);
        Assert.InRange(links.LoadOf(Server).Generation, 3, 20);
    }

    [Fact]
    public void An_identity_needs_a_key_a_name_of_its_cluster_and_a_root()
    {
        var certificate = TestCluster.Certificate(_cluster.Root, _cluster.Name, "node");
        using var bare = X509CertificateLoader.LoadCertificate(certificate.RawData);

        Assert.Equal(EngineErrorCode.ClusterCertificateUnusable, Code(() => _ = new ClusterIdentity(_cluster.Name, certificate, [])));
        Assert.Equal(EngineErrorCode.ClusterCertificateUnusable, Code(() => _ = new ClusterIdentity(_cluster.Name, bare, [_cluster.Root.Certificate])));
        Assert.Equal(
            EngineErrorCode.ClusterCertificateUnusable,
            Code(() => _ = new ClusterIdentity(new ClusterName("other"), certificate, [_cluster.Root.Certificate])));
        Assert.Equal(
            EngineErrorCode.ClusterCertificateUnusable,
            Code(() => _ = new ClusterIdentity(_cluster.Name, _cluster.Root.Certificate, [_cluster.Root.Certificate])));
        var identity = new ClusterIdentity(_cluster.Name, certificate, [_cluster.Root.Certificate]);
        Assert.Equal(
            EngineErrorCode.ClusterCertificateUnusable,
            Code(() => identity.Replace(TestCluster.Certificate(_cluster.Root, _cluster.Name, "another"), [_cluster.Root.Certificate])));

        static EngineErrorCode Code(Action action) => Assert.Throws<EngineException>(action).Code;
    }

    private async Task RefusedAsync(ClusterIdentity caller, string logId, string reason)
    {
        var server = await _cluster.ServeAsync(new HandlerOf((_, _, _) => throw new InvalidOperationException("nobody may get here")));
        var links = _cluster.Links(caller);
        links.SetAddress(Server, "127.0.0.1", server.Address.Port);

        await UnreachableUntilAsync(links, line => line.StartsWith("1103", StringComparison.Ordinal)
            || (line.StartsWith(logId, StringComparison.Ordinal) && line.Contains(reason, StringComparison.Ordinal)));
        Assert.DoesNotContain(_cluster.Log.Lines, line => line.StartsWith("1106", StringComparison.Ordinal));
    }

    /// <summary>Asks until the log says why nobody answers: a first connection may take longer to be refused than a request waits.</summary>
    private async Task UnreachableUntilAsync(ClusterLinks links, Func<string, bool> isSaid)
    {
        using var patience = new CancellationTokenSource(TestCluster.Patience);
        do
        {
            var answer = await links.SendAsync(Server, TestCluster.Request(default, Short)).AsTask().WaitAsync(patience.Token);
            Assert.Equal(EngineErrorCode.NodeUnreachable, answer.Code);
        }
        while (!_cluster.Log.Lines.Any(isSaid));
    }

    private static async Task<List<ClusterAnswer>> LoadAsync(ClusterLinks links, CancellationToken over)
    {
        var answers = new List<ClusterAnswer>();
        while (!over.IsCancellationRequested)
        {
            answers.Add(await links.SendAsync(Server, TestCluster.Request(new byte[32]), CancellationToken.None));
        }

        return answers;
    }

    /// <summary>The system's time, and a call for each time it is read.</summary>
    private sealed class TimeThatIsRead(Action<int> read) : TimeProvider
    {
        private int _reads;

        internal int Reads => Volatile.Read(ref _reads);

        public override DateTimeOffset GetUtcNow()
        {
            read(Interlocked.Increment(ref _reads));
            return System.GetUtcNow();
        }
    }
}

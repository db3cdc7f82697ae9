using System.Text;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Goal: any node takes any call; shards move and nodes die under calls that nobody has to repeat.</summary>
public sealed class ClusterTests : IAsyncLifetime
{
    private readonly MemoryCluster _cluster = new();
    private MemoryCluster.Node _one = null!;
    private MemoryCluster.Node _two = null!;
    private Party _bob = null!;
    private PeerId _peer;

    private static CancellationToken Timely => Party.Timely;

    public async Task InitializeAsync()
    {
        _one = await _cluster.StartAsync("one");
        _two = await _cluster.StartAsync("two");
        _bob = new Party("bob", _cluster.Network);
        await _bob.StartAsync();
        await _bob.Engine.CreateIdentityAsync(IdentityName.Default, Party.BothSuites);
        _peer = _bob.Id;
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Every_call_on_a_node_that_has_no_shard_is_answered_as_on_the_one_that_has_it()
    {
        await AcquaintAsync(_two);
        Assert.Equal(_one.Engine.ListIdentities().Single().Fingerprint, _two.Engine.ListIdentities().Single().Fingerprint);
        Assert.Equal([(IdentityName.Default, _peer)], await _two.Engine.ListPeersAsync(Timely).ToListAsync());

        await _two.Engine.ConnectAsync(_peer, cancellationToken: Timely);
        var sent = await _two.Engine.SendAsync(_peer, Bytes("durable"), new SendOptions(Guid.NewGuid()), cancellationToken: Timely);
        Assert.Equal(sent.Operation, (await _two.Engine.SendAsync(_peer, Bytes("durable"), new SendOptions(sent.Operation), cancellationToken: Timely)).Operation);
        await using (var stream = new MemoryStream(Encoding.ASCII.GetBytes(new string('s', 600_000))))
        {
            await _two.Engine.SendStreamAsync(_peer, stream, cancellationToken: Timely);
        }

        var sealedHere = await _two.Engine.SealAsync(_peer, Bytes("volatile"), cancellationToken: Timely);
        Assert.Equal("volatile", await _bob.OpenAsync(sealedHere));
        var room = new byte[200];
        Assert.Equal("into", await _bob.OpenAsync(room[..await _two.Engine.SealIntoAsync(_peer, Bytes("into"), room, cancellationToken: Timely)]));
        await Assert.ThrowsAsync<ArgumentException>(() => _two.Engine.SealIntoAsync(_peer, Bytes("into"), new byte[20], cancellationToken: Timely).AsTask());
        var opened = await _two.Engine.OpenAsync(await SealAsync("to the cluster"), Timely);
        Assert.Equal((_peer, "to the cluster"), (opened.Peer, Encoding.UTF8.GetString(opened.Payload.Span)));
        opened = await _two.Engine.OpenIntoAsync(await SealAsync("into memory"), room, Timely);
        Assert.True(opened.Payload.Span.Overlaps(room));
        Assert.False(_two.Engine.TrySeal(_peer, "x"u8, room, out _));
        Assert.Equal(EngineErrorCode.EnvelopeRejected, await Party.CodeOfAsync(() => _two.Engine.OpenAsync(sealedHere, Timely).AsTask()));

        Assert.Equal(["durable", new string('s', 600_000)], await ReceiveAsync(_bob.Engine, 2));
        await _two.Engine.RekeyAsync(_peer, cancellationToken: Timely);
        await _two.Engine.SuspendPeerAsync(_peer, cancellationToken: Timely);
        var shown = await _two.Engine.GetPeerAsync(_peer, cancellationToken: Timely);
        Assert.Equivalent(await _one.Engine.GetPeerAsync(_peer, cancellationToken: Timely), shown, strict: true);
        Assert.Equal(PeerStatus.Suspended, shown.Status);
        Assert.Equal(EngineErrorCode.PeerSuspended, await Party.CodeOfAsync(() => _two.Engine.SendAsync(_peer, Bytes("no"), cancellationToken: Timely)));
        await _two.Engine.ResumePeerAsync(_peer, cancellationToken: Timely);
        await _two.Engine.SetAddressesAsync(_peer, ["memory://elsewhere"], cancellationToken: Timely);
        await _two.Engine.SetTemplateAsync(_peer, "strict", cancellationToken: Timely);
        shown = await _two.Engine.GetPeerAsync(_peer, cancellationToken: Timely);
        Assert.Equal(("memory://elsewhere", true), (Assert.Single(shown.Addresses), shown.Template.StartsWith("strict@", StringComparison.Ordinal)));

        await _two.Engine.RemovePeerAsync(_peer, cancellationToken: Timely);
        Assert.Equal(EngineErrorCode.PeerUnknown, await Party.CodeOfAsync(() => _one.Engine.GetPeerAsync(_peer, cancellationToken: Timely)));
        Assert.Equal(EngineErrorCode.PeerUnknown, await Party.CodeOfAsync(() => _two.Engine.GetPeerAsync(_peer, cancellationToken: Timely)));
        Assert.True(_two.SentCount > 0);
    }

    [Fact]
    public async Task Acts_on_identities_reach_the_owner_of_the_directory_and_every_node_knows_them()
    {
        await _cluster.MovedAsync(ShardId.Directory, _two);
        var created = await _one.Engine.CreateIdentityAsync(new IdentityName("a"), [Suite.MLKem768], cancellationToken: Timely);
        Assert.Equivalent(created, _one.Engine.GetIdentity(created.Name), strict: true);
        Assert.Equivalent(created, _two.Engine.GetIdentity(created.Name), strict: true);
        var rotated = await _one.Engine.RotateIdentityAsync(created.Name, cancellationToken: Timely);
        Assert.Equal(created.Fingerprint, rotated.PreviousFingerprint);
        await _cluster.MovedAsync(ShardId.Directory, _one);
        var finished = await _two.Engine.FinishIdentityRotationAsync(created.Name, cancellationToken: Timely);
        Assert.Equal((rotated.Fingerprint, default(Fingerprint?)), (finished.Fingerprint, finished.PreviousFingerprint));
        Assert.Equal(EngineErrorCode.IdentityExists, await Party.CodeOfAsync(() => _two.Engine.CreateIdentityAsync(created.Name, cancellationToken: Timely)));

        var operation = new CallerContext("olga", Operation: Guid.NewGuid());
        var once = await _two.Engine.CreateIdentityAsync(new IdentityName("b"), caller: operation, cancellationToken: Timely);
        Assert.Equal(once.Fingerprint, (await _one.Engine.CreateIdentityAsync(new IdentityName("b"), caller: operation, cancellationToken: Timely)).Fingerprint);
    }

    [Fact]
    public async Task A_handshake_and_messages_of_a_peer_that_calls_the_wrong_node_reach_the_one_that_has_it()
    {
        await AcquaintAsync(_one);
        await _bob.Engine.SetAddressesAsync(new PeerId("cluster"), ["memory://two"], cancellationToken: Timely);
        await _bob.Engine.SendAsync(new PeerId("cluster"), Bytes("by the other door"), cancellationToken: Timely);

        Assert.Equal(["by the other door"], await ReceiveAsync(_one.Engine, 1));
        await Party.UntilAsync(async () => (await _bob.Engine.GetPeerAsync(new PeerId("cluster"), cancellationToken: Timely)).OutboxCount == 0);
    }

    [Fact]
    public async Task A_peer_that_nobody_can_call_gets_its_messages_by_its_call_to_a_node_that_has_not_its_shard()
    {
        await using var edge = new Party("edge", _cluster.Network) { IsOutbound = true };
        await edge.StartAsync();
        await edge.Engine.CreateIdentityAsync(IdentityName.Default, cancellationToken: Timely);
        var identity = await _one.Engine.CreateIdentityAsync(IdentityName.Default, cancellationToken: Timely);
        await _two.Engine.AddPeerAsync(new NewPeer { Peer = edge.Id, PublicDocument = edge.Document() }, cancellationToken: Timely);
        await edge.Engine.AddPeerAsync(
            new NewPeer { Peer = new PeerId("cluster"), PublicDocument = identity.PublicDocument, Addresses = ["memory://two"] }, cancellationToken: Timely);

        var received = ReceiveAsync(edge.Engine, 20);
        for (var i = 0; i < 20; i++)
        {
            await _two.Engine.SendAsync(edge.Id, Bytes($"{i}"), cancellationToken: Timely);
        }

        Assert.Equal(Enumerable.Range(0, 20).Select(static i => $"{i}"), await received);
        await edge.Engine.SendAsync(new PeerId("cluster"), Bytes("and back"), cancellationToken: Timely);
        Assert.Equal(["and back"], await ReceiveAsync(_one.Engine, 1));
        await Party.UntilAsync(async () => (await _one.Engine.GetPeerAsync(edge.Id, cancellationToken: Timely)).OutboxCount == 0);
    }

    [Fact]
    public async Task Shards_move_under_calls_of_all_nodes_and_none_of_them_fails_or_is_done_twice()
    {
        await AcquaintAsync(_one);
        await _one.Engine.ConnectAsync(_peer, cancellationToken: Timely);
        using var stop = new CancellationTokenSource();
        var sealedCount = 0;
        var volatileTraffic = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await _bob.OpenAsync(await _two.Engine.SealAsync(_peer, Bytes("volatile"), cancellationToken: Timely));
                sealedCount++;
            }
        });
        const int Count = 120;
        var senders = _cluster.Nodes.Select((node, place) => Task.Run(async () =>
        {
            for (var i = 0; i < Count; i++)
            {
                await node.Engine.SendAsync(_peer, Bytes($"{place} {i}"), cancellationToken: Timely);
            }
        })).ToArray();
        var received = ReceiveAsync(_bob.Engine, 2 * Count);
        for (var round = 0; round < 12; round++)
        {
            foreach (var shard in _cluster.Shards)
            {
                await _cluster.MovedAsync(shard, _cluster.Nodes[(round + 1) % 2]);
            }
        }

        await Task.WhenAll(senders);
        var texts = await received;
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"0 {i}"), texts.Where(text => text[0] == '0'));
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"1 {i}"), texts.Where(text => text[0] == '1'));
        await Party.UntilAsync(() => Task.FromResult(Volatile.Read(ref sealedCount) > 0));
        await stop.CancelAsync();
        await volatileTraffic;
    }

    [Fact]
    public async Task A_node_that_dies_is_followed_by_its_heir_and_who_calls_waits_and_does_not_fail()
    {
        await AcquaintAsync(_two);
        await _two.Engine.SendAsync(_peer, Bytes("before"), cancellationToken: Timely);
        _one.IsReachable = false;
        var waiting = _two.Engine.SendAsync(_peer, Bytes("while nobody has it"), cancellationToken: Timely);
        var acting = _two.Engine.CreateIdentityAsync(new IdentityName("late"), cancellationToken: Timely);
        Assert.False(waiting.IsCompleted || acting.IsCompleted);
        _cluster.Kill(_one, _two);

        await Task.WhenAll(waiting, acting);
        await _bob.Engine.SetAddressesAsync(new PeerId("cluster"), ["memory://two"], cancellationToken: Timely);
        Assert.Equal(["before", "while nobody has it"], await ReceiveAsync(_bob.Engine, 2));
    }

    [Fact]
    public async Task What_was_done_and_never_answered_is_not_done_again()
    {
        await AcquaintAsync(_two);
        await _two.Engine.ConnectAsync(_peer, cancellationToken: Timely);
        var envelope = await SealAsync("opens once");
        var lost = 0;
        _two.OnSend = async (_, _, ask) =>
        {
            var answer = await ask();
            return Interlocked.Increment(ref lost) % 2 == 1 ? ClusterAnswer.Failed(EngineErrorCode.OutcomeUnknown, "no answer came") : answer;
        };

        await _two.Engine.SendAsync(_peer, Bytes("once"), cancellationToken: Timely);
        await _bob.Engine.SendAsync(new PeerId("cluster"), Bytes("handled once"), cancellationToken: Timely);
        var message = await _one.Engine.ReceiveAsync(Timely).FirstAsync();
        await _two.Engine.AcknowledgeAsync(message.Id, Timely);
        Assert.Equal(EngineErrorCode.MessageUnknown, await Party.CodeOfAsync(() => _one.Engine.AcknowledgeAsync(message.Id, Timely)));
        await _two.Engine.CreateIdentityAsync(new IdentityName("once"), cancellationToken: Timely);
        Assert.Equal(0, lost % 2);
        Assert.Equal(EngineErrorCode.OutcomeUnknown, await Party.CodeOfAsync(() => _two.Engine.OpenAsync(envelope, Timely).AsTask()));
        Assert.Equal(1, lost % 2);
        _two.OnSend = null;
        await _two.Engine.RemovePeerAsync(_peer, cancellationToken: Timely);

        Assert.Equal(["once"], await ReceiveAsync(_bob.Engine, 1));
        Assert.Equal(EngineErrorCode.EnvelopeRejected, await Party.CodeOfAsync(() => _one.Engine.OpenAsync(envelope, Timely).AsTask()));
    }

    /// <summary>Goal: a call that waited before its shard when that ended did not happen, and says so. Method: four commits are held, what comes behind them waits
    /// in the mailbox, and then the commits fail. Before, an acknowledgement of a message that never was counted as done there.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task What_a_shard_had_not_begun_when_it_ended_is_asked_for_the_first_time_by_the_one_that_recovers_it(int asking)
    {
        await AcquaintAsync(_one);
        await _one.Engine.ConnectAsync(_peer, cancellationToken: Timely);
        var held = new Turnstile();
        var submitted = 0;
        _one.Party.Journal.Before = async commit =>
        {
            if (commit.Shard.Group == ShardId.DefaultGroup)
            {
                await held.PassAsync();
                throw new IOException("the disk is gone");
            }
        };
        var sends = new List<Task>();
        for (submitted = _one.Party.Journal.Submitted; sends.Count < 4;)
        {
            sends.Add(_one.Engine.SendAsync(_peer, Bytes($"{sends.Count}"), cancellationToken: Timely));
            await Party.UntilAsync(() => Task.FromResult(_one.Party.Journal.Submitted >= submitted + sends.Count));
        }

        var unknown = new ReceivedMessageId(IdentityName.Default, _peer, Guid.NewGuid(), 7);
        var acknowledging = _cluster.Nodes[asking].Engine.AcknowledgeAsync(unknown, Timely);
        if (asking != 0)
        {
            await Party.UntilAsync(() => Task.FromResult(_two.SentCount > 0));
        }

        _one.Party.Journal.Before = null;
        held.Open();
        Assert.Equal(EngineErrorCode.MessageUnknown, await Party.CodeOfAsync(() => acknowledging));
        await Task.WhenAll(sends);
        Assert.Equal(["0", "1", "2", "3"], (await ReceiveAsync(_bob.Engine, 4)).Order(StringComparer.Ordinal));      // nobody waited for one before the next
    }

    [Fact]
    public async Task Addresses_that_no_record_could_hold_are_refused_where_they_are_taken_in()
    {
        await AcquaintAsync(_one);
        foreach (var node in _cluster.Nodes)
        {
            foreach (var addresses in new string[][] { [new string('a', 2_049)], ["memory://bob", new string('€', 683)], [new string('a', 70_000)], [.. Enumerable.Repeat("a", 65)] })
            {
                Assert.Equal(EngineErrorCode.RequestInvalid, await Party.CodeOfAsync(() => node.Engine.SetAddressesAsync(_peer, addresses, cancellationToken: Timely)));
                Assert.Equal(EngineErrorCode.RequestInvalid, await Party.CodeOfAsync(() => node.Engine.AddPeerAsync(
                    new NewPeer { Peer = new PeerId("carol"), PublicDocument = _bob.Document(), Addresses = addresses }, cancellationToken: Timely)));
            }

            await node.Engine.SetAddressesAsync(_peer, [.. Enumerable.Repeat(new string('a', 2_048), 64)], cancellationToken: Timely);
        }

        Assert.Equal(64, (await _two.Engine.GetPeerAsync(_peer, cancellationToken: Timely)).Addresses.Count);
    }

    [Fact]
    public async Task A_wrong_guess_is_corrected_by_the_answer()
    {
        await AcquaintAsync(_one);
        var three = await _cluster.StartAsync("three");
        foreach (var shard in _cluster.Shards)
        {
            await _cluster.MovedAsync(shard, _one);
        }

        _two.KeepMap();
        foreach (var shard in _cluster.Shards)
        {
            await _cluster.MovedAsync(shard, three);
        }

        await _two.Engine.GetPeerAsync(_peer, cancellationToken: Timely);
        Assert.Equal(2, _two.SentCount);
        await _two.Engine.GetPeerAsync(_peer, cancellationToken: Timely);
        Assert.Equal(3, _two.SentCount);
    }

    [Fact]
    public async Task A_node_that_stops_hands_its_shards_on_first()
    {
        await AcquaintAsync(_one);
        var sends = Enumerable.Range(0, 50).Select(i => _two.Engine.SendAsync(_peer, Bytes($"{i}"), cancellationToken: Timely)).ToList();
        await _one.Party.DisposeAsync();
        _one.IsReachable = false;
        await Task.WhenAll(sends);

        foreach (var shard in _cluster.Shards)
        {
            await _cluster.HasAsync(shard, _two);
        }

        await _bob.Engine.SetAddressesAsync(new PeerId("cluster"), ["memory://two"], cancellationToken: Timely);
        Assert.Equal(50, (await ReceiveAsync(_bob.Engine, 50)).Distinct().Count());
    }

    [Fact]
    public async Task Requests_that_are_none_or_for_another_shard_are_refused_and_change_nothing()
    {
        await AcquaintAsync(_one);
        foreach (var payload in new byte[][] { [], [1], [9, 0, 0], [1, 0, 0, 0, 0, .. new byte[16], 99], [1, 0, 0, 0, 0, .. new byte[16], 5, 0, 1] })
        {
            Assert.Equal(EngineErrorCode.RequestInvalid, await AnswerOfAsync(payload, new ShardId("default", 0)));
        }

        var number = Kyberium.Engine.Shards.ShardNumber.Of(new Kyberium.Engine.Sessions.PeerKey(IdentityName.Default, _peer), 2);
        var show = Kyberium.Engine.Forwarding.NodeRequestCodec.Write(
            new Kyberium.Engine.Forwarding.NodeRequest.Show(new Kyberium.Engine.Sessions.PeerKey(IdentityName.Default, _peer)), default);
        Assert.Equal(EngineErrorCode.RequestInvalid, await AnswerOfAsync(show, new ShardId("default", 1 - number)));
        Assert.Equal(default(EngineErrorCode), await AnswerOfAsync(show, new ShardId("default", number)));
        foreach (var shard in new ShardId[] { new("default", 7), new("other", 0), ShardId.Directory })
        {
            Assert.Equal(ClusterAnswerStatus.WrongOwner, (await AskAsync(show, shard)).Status);
        }

        async Task<EngineErrorCode> AnswerOfAsync(byte[] payload, ShardId shard)
        {
            var answer = await AskAsync(payload, shard);
            return answer.Status == ClusterAnswerStatus.Done ? default : answer.Code;
        }

        ValueTask<ClusterAnswer> AskAsync(byte[] payload, ShardId shard) => _two.SendAsync(
            _one.Self, "", new ClusterRequest(Guid.NewGuid(), shard, TimeSpan.FromSeconds(10), payload), Timely);
    }

    /// <summary>Has the cluster and its peer know each other, by calls on one node.</summary>
    private async Task AcquaintAsync(MemoryCluster.Node node)
    {
        var identity = await node.Engine.CreateIdentityAsync(IdentityName.Default, Party.BothSuites, cancellationToken: Timely);
        await node.Engine.AddPeerAsync(
            new NewPeer { Peer = _peer, PublicDocument = _bob.Document(), Addresses = [_bob.Address] }, cancellationToken: Timely);
        await _bob.Engine.AddPeerAsync(
            new NewPeer { Peer = new PeerId("cluster"), PublicDocument = identity.PublicDocument, Addresses = ["memory://one"] }, cancellationToken: Timely);
    }

    private ValueTask<byte[]> SealAsync(string text) => _bob.Engine.SealAsync(new PeerId("cluster"), Bytes(text), cancellationToken: Timely);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static async Task<List<string>> ReceiveAsync(SessionEngine engine, int count)
    {
        var received = new List<string>();
        await foreach (var message in engine.ReceiveAsync(Timely))
        {
            using var text = new StreamReader(message.Stream?.OpenRead() ?? new MemoryStream(message.Payload.ToArray()));
            received.Add(await text.ReadToEndAsync());
            await engine.AcknowledgeAsync(message.Id, Timely);
            if (received.Count == count)
            {
                break;
            }
        }

        return received;
    }
}

namespace Kyberium.Engine.Tests.Engine;

/// <summary>
/// Goal: who streams to a peer on a node that has not its shard is told what the caller on the other node is told. Method: each refusal is asked for on both nodes.
/// </summary>
public sealed class ForwardedStreamTests : IAsyncLifetime
{
    private const int ChunkBytes = 256 << 10;

    private static readonly PeerId Cluster = new("cluster");

    private readonly DirectoryInfo _templates = Directory.CreateTempSubdirectory("kyberium-streams-");
    private readonly MemoryCluster _cluster = new();
    private Party _bob = null!;
    private PeerId _peer;

    private static CancellationToken Timely => Party.Timely;

    private MemoryCluster.Node Owner => _cluster.Nodes[0];

    public async Task InitializeAsync()
    {
        await WriteTemplateAsync("tiny", "\"payloadBytesMax\": 50");
        await WriteTemplateAsync("short", "\"payloadBytesMax\": 1000");
        await WriteTemplateAsync("narrow", "\"outbox\": { \"countMax\": 3, \"bytesMax\": 67108864 }");
        _cluster.Configure = options => options.Templates.Directory = _templates.FullName;
        await _cluster.StartAsync("one");
        await _cluster.StartAsync("two");
        _bob = new Party("bob", _cluster.Network);
        await _bob.StartAsync();
        await _bob.Engine.CreateIdentityAsync(IdentityName.Default);
        _peer = _bob.Id;
        var identity = await Owner.Engine.CreateIdentityAsync(IdentityName.Default, cancellationToken: Timely);
        await Owner.Engine.AddPeerAsync(
            new NewPeer { Peer = _peer, PublicDocument = _bob.Document(), Addresses = [_bob.Address] }, cancellationToken: Timely);
        await _bob.Engine.AddPeerAsync(
            new NewPeer { Peer = Cluster, PublicDocument = identity.PublicDocument, Addresses = ["memory://one"] }, cancellationToken: Timely);
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _cluster.DisposeAsync();
        _templates.Delete(recursive: true);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_peer_that_is_suspended_refuses_a_stream_at_its_beginning_and_in_its_middle(int node)
    {
        await RefusesInTheMiddleAsync(node, () => Owner.Engine.SuspendPeerAsync(_peer, cancellationToken: Timely), EngineErrorCode.PeerSuspended);
        Assert.Equal(EngineErrorCode.PeerSuspended, await Party.CodeOfAsync(() => SendAsync(node, new MemoryStream(new byte[10]))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_peer_that_is_not_known_refuses_a_stream_at_its_beginning_and_in_its_middle(int node)
    {
        await RefusesInTheMiddleAsync(node, () => Owner.Engine.RemovePeerAsync(_peer, cancellationToken: Timely), EngineErrorCode.PeerUnknown);
        Assert.Equal(EngineErrorCode.PeerUnknown, await Party.CodeOfAsync(() => SendAsync(node, new MemoryStream(new byte[10]))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_policy_that_has_no_room_for_parts_refuses_a_stream(int node)
    {
        await RefusesInTheMiddleAsync(
            node, () => Owner.Engine.SetTemplateAsync(_peer, "short", cancellationToken: Timely), EngineErrorCode.PayloadTooLarge);
        await SendAsync(node, new MemoryStream(new byte[5_000]));
        await Owner.Engine.SetTemplateAsync(_peer, "tiny", cancellationToken: Timely);
        Assert.Equal(EngineErrorCode.PayloadTooLarge, await Party.CodeOfAsync(() => SendAsync(node, new MemoryStream(new byte[10]))));
    }

    /// <summary>Before: the caller on the other node went on for as long as its source did, and no audit record told of it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_stream_that_outgrows_the_receivers_inbox_is_refused_while_it_is_sent_and_the_audit_record_names_it(int node)
    {
        var received = _bob.ReceiveAsync(1);
        var operation = Guid.NewGuid();
        var refusal = await Assert.ThrowsAsync<EngineException>(
            () => SendAsync(node, new Source(long.MaxValue), new SendOptions(operation)).WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.Equal(EngineErrorCode.PayloadTooLarge, refusal.Code);
        Assert.Contains("'bob' refused the stream", refusal.Message, StringComparison.Ordinal);

        await _cluster.Nodes[node].Engine.SendAsync(_peer, "after"u8.ToArray(), cancellationToken: Timely);
        Assert.Equal(["after"], await received);
        await Party.UntilAsync(() => Task.FromResult(Owner.Party.Audit.Any(static audit => audit.Kind == "transfer-refused")));
        Assert.Equal(operation, Assert.Single(Owner.Party.Audit, static audit => audit.Kind == "transfer-refused").Operation);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_stream_that_was_sent_before_it_was_refused_is_named_by_the_audit_record(int node)
    {
        var sent = await SendAsync(node, new Source(66 << 20));
        await _cluster.Nodes[node].Engine.SendAsync(_peer, "after"u8.ToArray(), cancellationToken: Timely);
        Assert.Equal(["after"], await _bob.ReceiveAsync(1));
        await Party.UntilAsync(() => Task.FromResult(Owner.Party.Audit.Any(static audit => audit.Kind == "transfer-refused")));
        Assert.Equal(sent.Operation, Assert.Single(Owner.Party.Audit, static audit => audit.Kind == "transfer-refused").Operation);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_full_outbox_lets_the_stream_wait_and_its_caller_may_leave(int node)
    {
        await Owner.Engine.SetTemplateAsync(_peer, "narrow", cancellationToken: Timely);
        await Owner.Engine.SetAddressesAsync(_peer, ["memory://nobody"], cancellationToken: Timely);
        using (var leaving = new CancellationTokenSource())
        {
            var left = SendAsync(node, new Source(10 * ChunkBytes), cancellationToken: leaving.Token);
            await OutboxHasAsync(3);
            Assert.False(left.IsCompleted);
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        }

        var waiting = SendAsync(node, new Source(5 * ChunkBytes));
        await Owner.Engine.SetAddressesAsync(_peer, [_bob.Address], cancellationToken: Timely);
        await waiting;
        var received = await _bob.Engine.ReceiveAsync(Timely).FirstAsync();
        Assert.Equal(5 * ChunkBytes, received.Stream!.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Parts_that_expire_end_no_call_and_are_named_by_the_audit_record(int node)
    {
        await Owner.Engine.SetAddressesAsync(_peer, ["memory://nobody"], cancellationToken: Timely);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => SendAsync(node, new Source(1), new SendOptions(ExpiresAfter: TimeSpan.Zero)));
        await SendAsync(node, new Source(3 * ChunkBytes), new SendOptions(ExpiresAfter: TimeSpan.FromMilliseconds(1)));
        await Party.UntilAsync(() => Task.FromResult(Owner.Party.Audit.Count(static audit => audit.Kind == "message-expired") == 4));      // three parts and the end mark
    }

    /// <summary>Has a stream halt after its first part, changes something, and lets it go on.</summary>
    private async Task RefusesInTheMiddleAsync(int node, Func<Task> change, EngineErrorCode expected)
    {
        var source = new Source(3 * ChunkBytes) { HaltsAt = ChunkBytes };
        var sending = SendAsync(node, source);
        await source.Halted.WaitAsync(Timely);
        await change();
        source.Go();
        Assert.Equal(expected, await Party.CodeOfAsync(() => sending));
    }

    private Task<SentMessage> SendAsync(int node, Stream source, SendOptions options = default, CancellationToken? cancellationToken = null) =>
        _cluster.Nodes[node].Engine.SendStreamAsync(
            _peer, source, options, new CallerContext("olga"), cancellationToken ?? new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token);

    private Task OutboxHasAsync(int count) => Party.UntilAsync(
        async () => (await Owner.Engine.GetPeerAsync(_peer, cancellationToken: Timely)).OutboxCount == count, static () => { });

    private Task WriteTemplateAsync(string id, string rule) => File.WriteAllTextAsync(
        Path.Join(_templates.FullName, id + ".json"),
        $$"""{"id": "{{id}}", "version": 1, "description": "Of a test.", "extends": "default", {{rule}}}""");

    /// <summary>Gives as many zeros as it has, and may halt where it is told to.</summary>
    private sealed class Source(long length) : MemoryStream
    {
        private readonly TaskCompletionSource _halted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _given;

        internal long HaltsAt { get; init; } = long.MaxValue;

        internal Task Halted => _halted.Task;

        internal void Go() => _go.TrySetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_given >= HaltsAt)
            {
                _halted.TrySetResult();
                await _go.Task.WaitAsync(cancellationToken);
            }

            var count = (int)Math.Min(buffer.Length, length - _given);
            buffer.Span[..count].Clear();
            _given += count;
            return count;
        }
    }
}

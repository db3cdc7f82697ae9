using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Tests.Engine;

namespace Kyberium.Engine.Tests.Forwarding;

/// <summary>A router whose map, links and clock a test moves; all of it runs on the test's thread, within the call that moves it.</summary>
internal sealed class ScriptedCluster : IPlacement, INodeLinks
{
    internal static readonly ShardId Shard = new(ShardId.DefaultGroup, 3);
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ManualTime _time = new();

    internal ScriptedCluster() => Router = new RequestRouter(this, this, new OneThread(_time), new OperationIds(SystemEntropy.Instance), Patience);

    internal RequestRouter Router { get; }

    public NodeId Self { get; } = new("self");

    public ShardMap Map { get; private set; } = ShardMap.Empty;

    public IReadOnlyList<ClusterMember> Members => [];

    /// <summary>Gets the requests that went out, in order.</summary>
    internal List<(string Node, ClusterRequest Request, TimeSpan At)> Sent { get; } = [];

    /// <summary>Gets the nodes that were asked, in order.</summary>
    internal IEnumerable<string> Asked => Sent.Select(static sent => sent.Node);

    /// <summary>Gets or sets what a node answers.</summary>
    internal Func<string, ValueTask<ClusterAnswer>> Answers { get; set; } = static _ => throw new InvalidOperationException("nobody was to be asked");

    /// <summary>Gets or sets the call in this process; nothing while the shard is not here.</summary>
    internal Func<Task<string>?> Here { get; set; } = static () => null;

    /// <summary>Gets or sets whether corrections are taken.</summary>
    internal bool TakesCorrections { get; set; } = true;

    internal TimeSpan Now { get; private set; }

    internal static ClusterAnswer Done(string text = "done") => ClusterAnswer.Done(System.Text.Encoding.UTF8.GetBytes(text));

    internal static ClusterAnswer Failed(EngineErrorCode code) => ClusterAnswer.Failed(code, "it did not go");

    internal static ClusterAnswer Elsewhere(string node, long fence) =>
        ClusterAnswer.WrongOwner(new OwnerHint(new NodeId(node), "https://" + node, new Fence(fence), 1));

    internal void Place(string node, long fence) =>
        Map = ShardMap.Of(1, [KeyValuePair.Create(Shard, new ShardOwner(new NodeId(node), "https://" + node, new Fence(fence)))]);

    internal void PlaceNowhere() => Map = ShardMap.Empty;

    /// <summary>Has one answer after the other given, whoever is asked.</summary>
    internal void AnswersInTurn(params ClusterAnswer[] answers)
    {
        var next = new Queue<ClusterAnswer>(answers);
        Answers = _ => new(next.Dequeue());
    }

    internal Task<string> Call(NodeRequest? request = null, (EngineErrorCode, string)? again = null, CancellationToken cancellationToken = default) =>
        Inline(() => Router.CallAsync(
            Shard, () => Here(), request ?? new NodeRequest.ListPeers(0), default, static bytes => System.Text.Encoding.UTF8.GetString(bytes.Span), again,
            cancellationToken));

    /// <summary>Asks without patience; tells whether a node did it.</summary>
    internal Task<bool> Tell() => Inline(async () =>
        await Router.TryAskAsync(Shard, new NodeRequest.ListPeers(0), TimeSpan.FromSeconds(5), default) is not null);

    internal void Pass(TimeSpan time) => Inline(() =>
    {
        // In steps, so that what waits begins its next wait at the time it would.
        for (var end = Now + time; Now < end;)
        {
            Now += TimeSpan.FromMilliseconds(1);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        return true;
    });

    internal static T Inline<T>(Func<T> work)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);     // continuations are not moved to other threads
        try
        {
            return work();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    public void Correct(ShardId shard, ShardOwner owner) => Map = TakesCorrections ? Map.With(shard, owner) : Map;

    public async ValueTask<ClusterAnswer> SendAsync(NodeId node, string address, ClusterRequest request, CancellationToken cancellationToken = default)
    {
        Assert.Equal("https://" + node, address);
        Assert.Equal(Shard, request.Shard);
        Assert.NotEqual(Guid.Empty, request.Operation);
        Assert.True(NodeRequestCodec.TryRead(request.Payload, out _, out _, out var failure), failure);
        Sent.Add((node.Value, request, Now));
        return await Answers(node.Value).AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public ValueTask StartAsync(IClusterRequestHandler handler, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask StartAsync(IShardHost host, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask<IShardLease> AcquiredAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask ReleasedAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public void ReportLoad(ShardId shard, double load) => throw new NotSupportedException();

    public ValueTask LeaveAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal sealed class OneThread(TimeProvider time) : EngineScheduler
    {
        internal override TimeProvider Time { get; } = time;

        internal override TaskCreationOptions Completion => TaskCreationOptions.None;

        internal override void Post(Action<object?> work, object? state) => throw new NotSupportedException("nothing is posted here");
    }
}

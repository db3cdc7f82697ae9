using System.Net;
using Kyberium.Engine.Cluster.Calls;
using Kyberium.Engine.Cluster.Framing;
using Kyberium.Engine.Cluster.Links;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kyberium.Engine.Cluster;

/// <summary>Sends requests to the other nodes of a cluster, over one connection to each. docs/formats/cluster-link.md.</summary>
/// <remarks>
/// <para>Requests are collected while the last ones are written and go out together. A connection is made when there is something to send, and
/// again when it is lost; what was sent and not answered is then sent again under the same operation id until its time is over.</para>
/// <para>Failures of the link are answers, not exceptions: see <see cref="ClusterAnswer"/> for what happened and what did not. A call that is cancelled
/// may have happened as well. Requests are not kept in order. Thread-safe.</para>
/// </remarks>
public sealed class ClusterLinks : IAsyncDisposable
{
    private static readonly TimeSpan RemainingMax = TimeSpan.FromHours(24);

    private readonly Lock _lock = new();
    private readonly Dictionary<NodeId, NodeLink> _links = [];
    private readonly ClusterIdentity _identity;
    private readonly ClusterLinkOptions _options;
    private readonly ILogger _logger;
    private readonly IDisposable _replaced;
    private bool _disposed;

    /// <summary>Prepares links; none connects before it has something to send.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>.</exception>
    public ClusterLinks(ClusterIdentity identity, ClusterLinkOptions? options = null, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(identity);
        _options = options ?? new ClusterLinkOptions();
        _options.Check();
        (_identity, _logger) = (identity, logger ?? NullLogger.Instance);
        _replaced = identity.OnReplaced(Refresh);
    }

    /// <summary>Says where a node listens. At another address than before its connections end, and what is open is settled as not sent, or as
    /// unknown.</summary>
    public void SetAddress(NodeId node, string host, int port)
    {
        ArgumentException.ThrowIfNullOrEmpty(node.Value, nameof(node));
        ArgumentException.ThrowIfNullOrEmpty(host);
        var address = new DnsEndPoint(host, port);
        NodeLink? replaced = null;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_links.TryGetValue(node, out var link))
            {
                if (link.Address.Equals(address))
                {
                    return;
                }

                replaced = link;
            }

            _links[node] = new NodeLink(node, address, _identity, _options, _logger);
        }

        replaced?.Dispose();
    }

    /// <summary>Forgets a node; what is open to it fails.</summary>
    public void Remove(NodeId node)
    {
        NodeLink? removed;
        lock (_lock)
        {
            _links.Remove(node, out removed);
        }

        removed?.Dispose();
    }

    /// <summary>Sends one request and waits for its answer, at most as long as it says.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled; the request may have happened.</exception>
    public async ValueTask<ClusterAnswer> SendAsync(NodeId node, ClusterRequest request, CancellationToken cancellationToken = default)
    {
        Check(request);
        cancellationToken.ThrowIfCancellationRequested();
        LinkMeter.Asked.Add(1);
        if (Find(node) is not { } link)
        {
            var nobody = LinkErrors.NotReached($"node '{node}' is not known here");
            LinkMeter.Answered(nobody);
            return nobody;
        }

        var call = new SingleCall(request);
        link.Submit(call);
        using var cancelled = Register(link, call, cancellationToken);
        var answer = await call.Task.ConfigureAwait(false);
        LinkMeter.Answered(answer);
        return answer;
    }

    /// <summary>Sends several requests to one node, of any of its shards, and waits until each is answered.</summary>
    /// <param name="requests">Unchanged until the call has ended.</param>
    /// <param name="answers">Receives the answer of each request at the same place; not to be read before the call has ended.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled; <paramref name="answers"/> has those that
    /// came before, every other request may have happened.</exception>
    public async ValueTask SendAsync(
        NodeId node, ReadOnlyMemory<ClusterRequest> requests, Memory<ClusterAnswer> answers, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(answers.Length, requests.Length, nameof(answers));
        foreach (ref readonly var request in requests.Span)
        {
            Check(request);
        }

        cancellationToken.ThrowIfCancellationRequested();
        LinkMeter.Asked.Add(requests.Length);
        var link = Find(node);
        if (link is null || requests.IsEmpty)
        {
            answers.Span[..requests.Length].Fill(LinkErrors.NotReached($"node '{node}' is not known here"));
        }
        else
        {
            var call = new BatchCall(requests, answers);
            link.Submit(call);
            using var cancelled = Register(link, call, cancellationToken);
            await call.Task.ConfigureAwait(false);
        }

        Count(answers.Span[..requests.Length]);
    }

    /// <summary>Settles everything that waits and ends all connections.</summary>
    public ValueTask DisposeAsync()
    {
        List<NodeLink> links;
        lock (_lock)
        {
            if (_disposed)
            {
                return ValueTask.CompletedTask;
            }

            _disposed = true;
            links = [.. _links.Values];
            _links.Clear();
        }

        _replaced.Dispose();
        links.ForEach(link => link.Dispose());
        return ValueTask.CompletedTask;
    }

    /// <summary>Gets how many requests wait and how many are unanswered, and how often a node was connected to.</summary>
    internal (int Waiting, int Unanswered, int Generation) LoadOf(NodeId node) => Find(node)?.Load ?? default;

    private static void Count(ReadOnlySpan<ClusterAnswer> answers)
    {
        foreach (ref readonly var answer in answers)
        {
            LinkMeter.Answered(answer);
        }
    }

    private static CancellationTokenRegistration Register(NodeLink link, Call call, CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(
                static (both, token) =>
                {
                    var (link, call) = ((NodeLink, Call))both!;
                    link.Cancel(call, token);
                },
                (link, call))
            : default;

    private static void Check(in ClusterRequest request)
    {
        if (request.Operation == Guid.Empty)
        {
            throw new ArgumentException("a request has an operation id", nameof(request));
        }

        if (request.Remaining < TimeSpan.FromMilliseconds(1) || request.Remaining > RemainingMax)
        {
            throw new ArgumentException("a request has 1 ms to 24 h left", nameof(request));
        }

        if (request.Shard.Group is not { Length: >= 1 and <= FrameFormat.GroupSizeMax } group
            || !System.Text.Ascii.IsValid(group) || request.Shard.Number is < 0 or > ushort.MaxValue)
        {
            throw new ArgumentException($"a shard has a group of 1 to {FrameFormat.GroupSizeMax} ASCII characters and a number of 0 to 65,535", nameof(request));
        }
    }

    private NodeLink? Find(NodeId node)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _links.GetValueOrDefault(node);
        }
    }

    private void Refresh()
    {
        List<NodeLink> links;
        lock (_lock)
        {
            links = [.. _links.Values];
        }

        links.ForEach(link => link.Refresh());
    }
}

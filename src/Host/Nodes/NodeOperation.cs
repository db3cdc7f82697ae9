using System.Text.Json;
using Kyberium.Engine;
using Kyberium.Host.Documents;

namespace Kyberium.Host.Nodes;

/// <summary>One thing that can be asked of a node. Its name is its path on the control socket.</summary>
internal abstract class NodeOperation(string name)
{
    internal string Name => name;

    /// <summary>Runs the operation for a request in JSON.</summary>
    /// <exception cref="JsonException">The request has another form.</exception>
    internal abstract Task<byte[]> AnswerAsync(Node node, ReadOnlyMemory<byte> request, CallerContext caller, CancellationToken cancellationToken);
}

/// <summary>One thing that can be asked of a node, with its request and its reply.</summary>
internal sealed class NodeOperation<TRequest, TReply>(
    string name, Func<Node, TRequest, CallerContext, CancellationToken, Task<TReply>> run) : NodeOperation(name)
{
    internal Task<TReply> RunAsync(Node node, TRequest request, CallerContext caller, CancellationToken cancellationToken) =>
        run(node, request, caller, cancellationToken);

    internal override async Task<byte[]> AnswerAsync(
        Node node, ReadOnlyMemory<byte> request, CallerContext caller, CancellationToken cancellationToken)
    {
        var parsed = JsonSerializer.Deserialize<TRequest>(request.Span, DocumentJson.Compact)
            ?? throw new JsonException("the request is null");
        var reply = await RunAsync(node, parsed, caller, cancellationToken);
        return JsonSerializer.SerializeToUtf8Bytes(reply, DocumentJson.Compact);
    }
}

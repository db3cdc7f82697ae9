using Kyberium.Engine;
using Kyberium.Host.Documents;

namespace Kyberium.Host.Nodes;

internal sealed partial class Node
{
    internal async Task<SentDocument> SendAsync(Sending request, CallerContext caller, CancellationToken cancellationToken)
    {
        var options = new SendOptions(
            request.Operation ?? Guid.Empty,
            request.ExpiresAfterMillis is { } millis ? TimeSpan.FromMilliseconds(millis) : null,
            Names.Identity(request.Identity));
        var sent = await _engine.SendAsync(Names.Peer(request.Peer), request.Payload, options, caller, cancellationToken);
        return new SentDocument(sent.Operation, sent.Number);
    }

    internal async Task<Nothing> AcknowledgeAsync(MessageReference request, CancellationToken cancellationToken)
    {
        var id = IdOf(request);
        await _engine.AcknowledgeAsync(id, cancellationToken);
        _desk.Settled(id);
        return Nothing.Instance;
    }

    internal async Task<Nothing> RejectAsync(MessageReference request, CancellationToken cancellationToken)
    {
        var id = IdOf(request);
        _desk.Settled(id);      // first: it may be handed out again at once
        await _engine.RejectAsync(id, cancellationToken);
        return Nothing.Instance;
    }

    internal async Task<MessageList> ListDeadLettersAsync(PeerReference request, CancellationToken cancellationToken)
    {
        var messages = await _engine.ListSetAsideAsync(
            Names.Peer(request.Peer), Names.Identity(request.Identity), cancellationToken);
        return new MessageList([.. messages.Select(MessageDocument.Of)]);
    }

    internal async Task<Nothing> RetryDeadLetterAsync(MessageReference request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.RetryAsync(IdOf(request), caller, cancellationToken);
        return Nothing.Instance;
    }

    internal async Task<Nothing> DropDeadLetterAsync(MessageReference request, CallerContext caller, CancellationToken cancellationToken)
    {
        await _engine.DropAsync(IdOf(request), caller, cancellationToken);
        return Nothing.Instance;
    }

    private static ReceivedMessageId IdOf(MessageReference request) =>
        new(Names.Identity(request.Identity), Names.Peer(request.Peer), request.Stream, request.Number);
}

using System.Net;
using System.Net.Http.Headers;

namespace Kyberium.Engine.AspNetCore;

/// <summary>The body of a request: envelopes as they lie in memory, each behind its length, without a copy of the batch.</summary>
internal sealed class EnvelopesContent : HttpContent
{
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _envelopes;
    private readonly int _first;
    private readonly int _count;
    private readonly long _length;

    internal EnvelopesContent(IReadOnlyList<ReadOnlyMemory<byte>> envelopes, int first, int count)
    {
        _envelopes = envelopes;
        _first = first;
        _count = count;
        for (var index = first; index < first + count; index++)
        {
            _length += LinkFormat.SizeOf(envelopes[index]);
        }

        Headers.ContentType = new MediaTypeHeaderValue(LinkFormat.ContentType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var prefix = new byte[LinkFormat.LengthSize];
        for (var index = _first; index < _first + _count; index++)
        {
            var envelope = _envelopes[index];
            LinkFormat.WriteLength(prefix, envelope.Length);
            await stream.WriteAsync(prefix, cancellationToken).ConfigureAwait(false);
            await stream.WriteAsync(envelope, cancellationToken).ConfigureAwait(false);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }
}

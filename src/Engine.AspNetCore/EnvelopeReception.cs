using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Kyberium.Engine.AspNetCore;

/// <summary>Serves <c>POST /kyberium/v1/envelopes</c>: hands envelopes on as they arrive, one after the other.</summary>
/// <remarks>
/// The answer depends on the body's outer form alone, never on what came of an envelope. A request holds at most one envelope in memory besides
/// what the server's flow control lets in; the engine taking its time slows the sender down.
/// </remarks>
internal sealed class EnvelopeReception(IPeerLinkReceiver receiver, KyberiumLinkLimits limits)
{
    internal async Task ServeAsync(HttpContext context)
    {
        if (RefusalByHeaders(context) is { } refusal)
        {
            context.Response.StatusCode = refusal;
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limits.RequestBytesMax;
        }

        var response = new ArrayBufferWriter<byte>();
        var source = SourceOf(context);
        var wait = WaitOf(context);
        using var exchange = wait is null ? null : receiver.BeginExchange(source);      // who can be called is answered there
        try
        {
            context.Response.StatusCode =
                await ReceiveAsync(
                    context.Request.BodyReader,
                    (envelope, aborted) => exchange is null
                        ? receiver.AcceptEnvelopeAsync(envelope, source, aborted)
                        : exchange.AcceptEnvelopeAsync(envelope, aborted),
                    response, context.RequestAborted).ConfigureAwait(false);
            if (context.Response.StatusCode == StatusCodes.Status200OK && response.WrittenCount == 0 && exchange is not null)
            {
                await CollectAsync(exchange, wait.GetValueOrDefault(), response, context.RequestAborted).ConfigureAwait(false);
            }
        }
        catch (BadHttpRequestException malformed)
        {
            context.Response.StatusCode = malformed.StatusCode;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;     // nobody is there to answer
        }

        if (context.Response.StatusCode == StatusCodes.Status200OK)
        {
            context.Response.ContentType = LinkFormat.ContentType;
            context.Response.ContentLength = response.WrittenCount;
            await context.Response.BodyWriter.WriteAsync(response.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
        }
    }

    /// <summary>Reads a body to its end and hands its envelopes on.</summary>
    /// <returns>The status to answer with.</returns>
    internal async Task<int> ReceiveAsync(
        PipeReader body, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> accept,
        ArrayBufferWriter<byte> response, CancellationToken cancellationToken)
    {
        long taken = 0;
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
            var arrived = read.Buffer;
            if (taken + arrived.Length > limits.RequestBytesMax)
            {
                return StatusCodes.Status413PayloadTooLarge;
            }

            var before = arrived.Length;
            LinkFormat.Taken what;
            while ((what = LinkFormat.TryTake(ref arrived, out var envelope)) == LinkFormat.Taken.Envelope)
            {
                await HandOnAsync(envelope, accept, response, cancellationToken).ConfigureAwait(false);
            }

            taken += before - arrived.Length;
            body.AdvanceTo(arrived.Start, arrived.End);
            if (what == LinkFormat.Taken.Malformed)
            {
                return StatusCodes.Status400BadRequest;
            }

            if (read.IsCompleted)
            {
                return arrived.IsEmpty && taken > 0 ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
            }
        }
    }

    private int? RefusalByHeaders(HttpContext context)
    {
        // A type with parameters is not this type: there are none to understand.
        if (!string.Equals(context.Request.ContentType, LinkFormat.ContentType, StringComparison.OrdinalIgnoreCase))
        {
            return StatusCodes.Status415UnsupportedMediaType;
        }

        return context.Request.ContentLength > limits.RequestBytesMax ? StatusCodes.Status413PayloadTooLarge : null;
    }

    private static string SourceOf(HttpContext context) => context.Connection.RemoteIpAddress switch
    {
        null => "unknown",
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4().ToString(),
        var address => address.ToString(),
    };

    private async ValueTask HandOnAsync(
        ReadOnlySequence<byte> envelope, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> accept,
        ArrayBufferWriter<byte> response, CancellationToken cancellationToken)
    {
        if (envelope.IsSingleSegment)
        {
            AddReply(response, await accept(envelope.First, cancellationToken).ConfigureAwait(false));
            return;
        }

        var length = (int)envelope.Length;
        var whole = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            envelope.CopyTo(whole);
            AddReply(
                response, await accept(whole.AsMemory(0, length), cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    private static TimeSpan? WaitOf(HttpContext context) =>
        context.Request.Headers[LinkFormat.WaitHeader] is [{ } text]
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var millis) && millis <= LinkFormat.WaitMillisMax
            ? TimeSpan.FromMilliseconds(millis)
            : null;

    private static async Task CollectAsync(
        ILinkExchange exchange, TimeSpan wait, ArrayBufferWriter<byte> response, CancellationToken cancellationToken)
    {
        // Room for the lengths is left: the shortest envelopes are eleven times as long as theirs.
        const int BytesMax = LinkFormat.CollectedBytesMax / 12 * 11;
        foreach (var envelope in await exchange.CollectAsync(BytesMax, wait, cancellationToken).ConfigureAwait(false))
        {
            Write(response, envelope);
        }
    }

    private void AddReply(ArrayBufferWriter<byte> response, ReadOnlyMemory<byte> reply)
    {
        if (!reply.IsEmpty && response.WrittenCount + LinkFormat.SizeOf(reply) <= limits.ResponseBytesMax)
        {
            Write(response, reply);     // else it is lost: a link may lose envelopes
        }
    }

    private static void Write(ArrayBufferWriter<byte> response, ReadOnlyMemory<byte> reply)
    {
        LinkFormat.WriteLength(response.GetSpan(LinkFormat.LengthSize), reply.Length);
        response.Advance(LinkFormat.LengthSize);
        response.Write(reply.Span);
    }
}

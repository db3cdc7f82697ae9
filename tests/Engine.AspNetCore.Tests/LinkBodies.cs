using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;

namespace Kyberium.Engine.AspNetCore.Tests;

/// <summary>Bodies and requests made by hand, beside the code under test.</summary>
internal static class LinkBodies
{
    internal static byte[] Envelope(int length, byte fill)
    {
        var envelope = new byte[length];
        envelope.AsSpan().Fill(fill);
        return envelope;
    }

    internal static byte[] Body(params byte[][] envelopes)
    {
        var body = new List<byte>();
        Span<byte> prefix = stackalloc byte[4];
        foreach (var envelope in envelopes)
        {
            BinaryPrimitives.WriteInt32BigEndian(prefix, envelope.Length);
            body.AddRange(prefix);
            body.AddRange(envelope);
        }

        return [.. body];
    }

    /// <summary>Posts a body over HTTP/2 as any program could.</summary>
    internal static async Task<HttpResponseMessage> PostAsync(
        string address, byte[] body, string contentType = "application/vnd.kyberium.envelopes", bool tellLength = true)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, address + "/kyberium/v1/envelopes")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = tellLength ? new ByteArrayContent(body) : new StreamContent(new UnseekableStream(body)),
        };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return await client.SendAsync(request);
    }

    private sealed class UnseekableStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}

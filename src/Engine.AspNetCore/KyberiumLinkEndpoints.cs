using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Kyberium.Engine.AspNetCore;

/// <summary>Serves a link's endpoints from a web application's own server.</summary>
public static class KyberiumLinkEndpoints
{
    /// <summary>Maps <c>POST /kyberium/v1/envelopes</c> and <c>GET /kyberium/v1/health</c>. docs/formats/link-http.md.</summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="receiver">The engine.</param>
    /// <param name="limits">What one request may have; <see langword="null"/>: the defaults.</param>
    /// <returns>Both endpoints, to add conventions to. Peers do not authenticate to HTTP: envelopes carry their own proof.</returns>
    /// <remarks>The server must speak HTTP/2 at that address; without TLS that means HTTP/2 alone
    /// (<c>HttpProtocols.Http2</c>).</remarks>
    public static IEndpointConventionBuilder MapKyberiumLink(
        this IEndpointRouteBuilder endpoints, IPeerLinkReceiver receiver, KyberiumLinkLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(receiver);
        var reception = new EnvelopeReception(receiver, limits ?? new KyberiumLinkLimits());
        var group = endpoints.MapGroup(string.Empty);
        // As plain request delegates: nothing is bound, read or written behind their back.
        group.MapPost(LinkFormat.EnvelopesPath, (RequestDelegate)reception.ServeAsync);
        group.MapGet(LinkFormat.HealthPath, (RequestDelegate)AnswerHealthAsync);
        return group;
    }

    private static Task AnswerHealthAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync("ok\n", context.RequestAborted);
    }
}

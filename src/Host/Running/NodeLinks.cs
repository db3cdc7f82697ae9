using Kyberium.Engine;
using Kyberium.Engine.AspNetCore;
using Kyberium.Host.Configuration;

namespace Kyberium.Host.Running;

/// <summary>Makes the links that a node's configuration names: one for each address it listens at, or one that only sends.</summary>
internal static class NodeLinks
{
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>: an address is not understood.</exception>
    internal static IReadOnlyList<HttpPeerLink> Make(NodeConfiguration configuration)
    {
        var listen = configuration.Host.Listen;
        return listen.Count > 0
            ? [.. listen.Select(address => new HttpPeerLink(Options(configuration, address)))]
            : [new HttpPeerLink(Options(configuration, listen: null))];
    }

    private static HttpPeerLinkOptions Options(NodeConfiguration configuration, string? listen)
    {
        var link = configuration.Host.Link;
        var defaults = new HttpPeerLinkOptions();
        return new HttpPeerLinkOptions
        {
            Listen = listen,
            Collects = link.Collects,
            CertificateFile = NullIfEmpty(link.CertificateFile),
            CertificateKeyFile = NullIfEmpty(link.CertificateKeyFile),
            TrustedCertificateFile = NullIfEmpty(link.TrustedCertificateFile),
            ConnectTimeout = link.ConnectTimeout,
            RequestTimeout = configuration.Engine.Links.RequestTimeout,
            RequestBytesMax = Math.Max(defaults.RequestBytesMax, (int)configuration.Engine.Links.BatchBytesMax),
            ConnectionCountMax = link.ConnectionCountMax,
        };
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}

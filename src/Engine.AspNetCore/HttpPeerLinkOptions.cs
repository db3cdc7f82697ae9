using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Kyberium.Engine.AspNetCore;

/// <summary>Where an <see cref="HttpPeerLink"/> listens and what it allows.</summary>
public sealed class HttpPeerLinkOptions
{
    private static readonly TimeSpan TimeoutMax = TimeSpan.FromMinutes(5);

    /// <summary>Gets or sets where to listen: <c>http://</c> or <c>https://</c>, an IP address of this machine, <c>localhost</c> or
    /// <c>*</c>, and a port; port 0 takes a free one. <see langword="null"/>: the link only sends. Default
    /// <see langword="null"/>.</summary>
    public string? Listen { get; init; }

    /// <summary>Gets or sets whether nobody can call this engine (it is behind a firewall, or does not listen), so that its own calls
    /// bring back what its peers have for it. Its peers then give no address for it. Default <see langword="false"/>.</summary>
    public bool Collects { get; init; }

    /// <summary>Gets or sets the PEM file with the server's certificate chain, leaf first. Required to listen at https.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>Gets or sets the PEM file with the certificate's private key. <see langword="null"/>: it lies in
    /// <see cref="CertificateFile"/>.</summary>
    public string? CertificateKeyFile { get; init; }

    /// <summary>Gets or sets a PEM file with the authorities that peers' TLS certificates are checked against.
    /// <see langword="null"/>: the system's.</summary>
    public string? TrustedCertificateFile { get; init; }

    /// <summary>Gets or sets how long a connection may take to be made. Default 5 s; 10 ms to 5 min.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how long a request may take in all. Default 10 s; 10 ms to 5 min.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets how many bytes one request may have, taken and sent: a larger batch goes in several. Default 4 MiB;
    /// 2 MiB to 64 MiB.</summary>
    public int RequestBytesMax { get; init; } = 4 << 20;

    /// <summary>Gets or sets how many bytes of handed back envelopes one response may have, taken and sent. Default 256 KiB; 2 KiB to
    /// 2 MiB.</summary>
    public int ResponseBytesMax { get; init; } = 256 << 10;

    /// <summary>Gets or sets how many connections are served at once. Default 1,024; 1 to 65,536.</summary>
    public int ConnectionCountMax { get; init; } = 1_024;

    internal void Check()
    {
        InRange(ConnectTimeout, nameof(ConnectTimeout));
        InRange(RequestTimeout, nameof(RequestTimeout));
        InRange(RequestBytesMax, 2 << 20, 64 << 20, nameof(RequestBytesMax));
        InRange(ResponseBytesMax, 2 << 10, 2 << 20, nameof(ResponseBytesMax));
        InRange(ConnectionCountMax, 1, 65_536, nameof(ConnectionCountMax));
        if (Listen is null)
        {
            return;
        }

        if (ParseListen() is not { } endpoint)
        {
            throw LinkErrors.OptionInvalid(
                nameof(Listen), Listen, "http:// or https://, an IP address, localhost or *, and a port, such as http://127.0.0.1:5443");
        }

        if (endpoint.IsTls && string.IsNullOrEmpty(CertificateFile))
        {
            throw LinkErrors.OptionInvalid(nameof(CertificateFile), string.Empty, $"a PEM file, since {nameof(Listen)} is {Listen}");
        }
    }

    /// <summary>Reads <see cref="Listen"/>; <see langword="null"/> when it is not understood.</summary>
    internal ListenEndpoint? ParseListen()
    {
        // Not through Uri: that takes no '*' and makes port 0 and no port the same.
        if (Listen?.Split("://", 2) is not [var scheme, var rest] || scheme is not ("http" or "https"))
        {
            return null;
        }

        rest = rest.TrimEnd('/');
        var colon = rest.LastIndexOf(':');
        if (colon < 0
            || !ushort.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || ParseHost(rest[..colon]) is not { } address)
        {
            return null;
        }

        return new ListenEndpoint(scheme == "https", new IPEndPoint(address, port));
    }

    private static IPAddress? ParseHost(string host) => host switch
    {
        "*" => Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any,       // the first takes IPv4 too
        "localhost" => IPAddress.Loopback,
        ['[', .. var inner, ']'] => IPAddress.TryParse(inner, out var address) ? address : null,
        _ => !host.Contains(':', StringComparison.Ordinal) && IPAddress.TryParse(host, out var address) ? address : null,
    };

    private static void InRange(TimeSpan value, string name)
    {
        if (value < TimeSpan.FromMilliseconds(10) || value > TimeoutMax)
        {
            throw LinkErrors.OptionInvalid(name, value.ToString("c", CultureInfo.InvariantCulture), "10 ms to 5 min");
        }
    }

    private static void InRange(int value, int min, int max, string name)
    {
        if (value < min || value > max)
        {
            throw LinkErrors.OptionInvalid(name, value.ToString(CultureInfo.InvariantCulture), $"{min} to {max}");
        }
    }
}

/// <summary>Where to listen.</summary>
internal readonly record struct ListenEndpoint(bool IsTls, IPEndPoint Address);

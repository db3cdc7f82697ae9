using System.Globalization;
using System.Net;

namespace Kyberium.Pbm.Asking;

/// <summary>Which process to talk to, and how to prove who asks.</summary>
internal sealed record Target(string Host, int Port)
{
    /// <summary>How long connecting and greeting may take.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    internal bool UsesTls { get; init; }

    /// <summary>Gets the PEM file with the authorities the server's certificate is checked against; nothing: the system's.</summary>
    internal string? TrustedCertificateFile { get; init; }

    internal string? CertificateFile { get; init; }

    internal string? CertificateKeyFile { get; init; }

    internal string? TokenFile { get; init; }

    /// <summary>Gets the name given where no proof is asked for; nothing: the user's.</summary>
    internal string? Operator { get; init; }

    internal string Address => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    internal bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <exception cref="PbmFailure">The text is no host and port.</exception>
    internal Target At(string text)
    {
        var colon = text.LastIndexOf(':');
        var host = text[..colon];
        var isBracketed = host is ['[', .., ']'];
        return int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65_536
            && host.Length > 0 && (isBracketed || !host.Contains(':', StringComparison.Ordinal))
            ? this with { Host = isBracketed ? host[1..^1] : host, Port = port }
            : throw PbmFailures.Usage($"'{text}' is no host and port, such as 127.0.0.1:9110");
    }
}

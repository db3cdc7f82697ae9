using Kyberium.Engine;

namespace Kyberium.Host.Configuration;

/// <summary>How peers are reached and let in. HOCON: <c>kyberium.host.link</c>.</summary>
internal sealed class LinkOptions
{
    /// <summary>Gets or sets the PEM file with the server's certificate chain. Default empty.</summary>
    /// <remarks>HOCON: <c>certificate-file</c>.</remarks>
    public string CertificateFile { get; set; } = string.Empty;

    /// <summary>Gets or sets the PEM file with its private key; empty: the same file. Default empty.</summary>
    /// <remarks>HOCON: <c>certificate-key-file</c>.</remarks>
    public string CertificateKeyFile { get; set; } = string.Empty;

    /// <summary>Gets or sets the PEM file with the authorities peers are checked against; empty: the system's. Default empty.</summary>
    /// <remarks>HOCON: <c>trusted-certificate-file</c>.</remarks>
    public string TrustedCertificateFile { get; set; } = string.Empty;

    /// <summary>Gets or sets whether nobody can call this node, so that its own calls bring back what peers have for it. Default
    /// false.</summary>
    /// <remarks>HOCON: <c>collects</c>.</remarks>
    public bool Collects { get; set; }

    /// <summary>Gets or sets how long a connection may take to be made. Default 5 s; 10 ms to 5 min.</summary>
    /// <remarks>HOCON: <c>connect-timeout</c>.</remarks>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how many connections are served at once on each address. Default 1,024; 1 to 65,536.</summary>
    /// <remarks>HOCON: <c>connection-count-max</c>.</remarks>
    public int ConnectionCountMax { get; set; } = 1_024;

    internal void Check(OptionProblems problems)
    {
        problems.IsPathOrEmpty(CertificateFile, "kyberium.host.link.certificate-file");
        problems.IsPathOrEmpty(CertificateKeyFile, "kyberium.host.link.certificate-key-file");
        problems.IsPathOrEmpty(TrustedCertificateFile, "kyberium.host.link.trusted-certificate-file");
        problems.InRange(ConnectTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(5), "kyberium.host.link.connect-timeout");
        problems.InRange(ConnectionCountMax, 1, 65_536, "kyberium.host.link.connection-count-max");
    }
}

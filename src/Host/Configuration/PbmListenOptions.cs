using System.Text.Json;
using Kyberium.Engine;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Host.Configuration;

/// <summary>Where operators reach this process with <c>pbm</c>, and who may. HOCON: <c>kyberium.host.pbm</c>, <c>kyberium.lighthouse.pbm</c>.</summary>
internal sealed class PbmListenOptions
{
    /// <summary>Gets or sets the addresses. Default none.</summary>
    /// <remarks>HOCON: <c>listen</c>.</remarks>
    public IReadOnlyList<string> Listen { get; set; } = [];

    /// <summary>Gets or sets the PEM file with the server's certificate chain; empty: no TLS. Default empty.</summary>
    /// <remarks>HOCON: <c>certificate-file</c>.</remarks>
    public string CertificateFile { get; set; } = string.Empty;

    /// <summary>Gets or sets the PEM file with its private key; empty: the same file. Default empty.</summary>
    /// <remarks>HOCON: <c>certificate-key-file</c>.</remarks>
    public string CertificateKeyFile { get; set; } = string.Empty;

    /// <summary>Gets or sets the PEM file with the authorities of operators' certificates; empty: they are no proof. Default empty.</summary>
    /// <remarks>HOCON: <c>operator-authority-file</c>.</remarks>
    public string OperatorAuthorityFile { get; set; } = string.Empty;

    /// <summary>Gets or sets the file with operators' tokens; empty: tokens are no proof. Default empty.</summary>
    /// <remarks>HOCON: <c>token-file</c>.</remarks>
    public string TokenFile { get; set; } = string.Empty;

    /// <summary>Gets or sets how many connections are served at once. Default 32; 1 to 1,024.</summary>
    /// <remarks>HOCON: <c>connections-max</c>.</remarks>
    public int ConnectionsMax { get; set; } = 32;

    /// <summary>Gets or sets how long a command may take. Default 10 min; 100 ms to 1 day.</summary>
    /// <remarks>HOCON: <c>call-timeout</c>.</remarks>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets or sets how long a connection may stay without a command. Default 15 min; 100 ms to 1 day.</summary>
    /// <remarks>HOCON: <c>idle-timeout</c>.</remarks>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(15);

    /// <param name="prefix">The key of these options, with a dot behind.</param>
    internal void Check(OptionProblems problems, string prefix)
    {
        problems.IsPathOrEmpty(CertificateFile, prefix + "certificate-file");
        problems.IsPathOrEmpty(CertificateKeyFile, prefix + "certificate-key-file");
        problems.IsPathOrEmpty(OperatorAuthorityFile, prefix + "operator-authority-file");
        problems.IsPathOrEmpty(TokenFile, prefix + "token-file");
        var defaults = new PbmOptions();
        foreach (var (property, value, rule) in ToServerOptions(defaults.Program, defaults.DrainTimeout).FindProblems())
        {
            problems.Add(prefix + JsonNamingPolicy.KebabCaseLower.ConvertName(property), value, rule);
        }
    }

    internal PbmOptions ToServerOptions(string program, TimeSpan drainTimeout) => new()
    {
        Listen = Listen,
        Program = program,
        CertificateFile = NullIfEmpty(CertificateFile),
        CertificateKeyFile = NullIfEmpty(CertificateKeyFile),
        OperatorAuthorityFile = NullIfEmpty(OperatorAuthorityFile),
        TokenFile = NullIfEmpty(TokenFile),
        ConnectionsMax = ConnectionsMax,
        CallTimeout = CallTimeout,
        IdleTimeout = IdleTimeout,
        DrainTimeout = drainTimeout,
    };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}

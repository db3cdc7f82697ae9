using Kyberium.Engine;
using Microsoft.Extensions.Logging;

namespace Kyberium.Host.Configuration;

/// <summary>Everything the command can be told beside the engine. HOCON: <c>kyberium.host</c>; hocon/host.conf lists every key.</summary>
internal sealed class HostOptions
{
    /// <summary>Gets or sets where peers reach this node. Default none.</summary>
    /// <remarks>HOCON: <c>listen</c>.</remarks>
    public IReadOnlyList<string> Listen { get; set; } = [];

    /// <summary>Gets or sets the Unix socket of the control protocol; empty: <c>control.sock</c> in the data directory. Default empty.</summary>
    /// <remarks>HOCON: <c>control-socket</c>.</remarks>
    public string ControlSocket { get; set; } = string.Empty;

    /// <summary>Gets or sets how large one control request may be. Default 2 MiB; 64 KiB to 64 MiB.</summary>
    /// <remarks>HOCON: <c>control-request-bytes-max</c>.</remarks>
    public long ControlRequestBytesMax { get; set; } = 2L << 20;

    /// <summary>Gets or sets how many control connections may be open. Default 64; 2 to 1,024.</summary>
    /// <remarks>HOCON: <c>control-connections-max</c>.</remarks>
    public int ControlConnectionsMax { get; set; } = 64;

    /// <summary>Gets or sets how long a stop waits for requests in progress. Default 10 s; 1 s to 10 min.</summary>
    /// <remarks>HOCON: <c>drain-timeout</c>.</remarks>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets the least severe log messages written. Default information.</summary>
    /// <remarks>HOCON: <c>log-level</c>.</remarks>
    public string LogLevel { get; set; } = "information";

    /// <summary>Gets or sets how log messages look. Default text.</summary>
    /// <remarks>HOCON: <c>log-format</c>.</remarks>
    public string LogFormat { get; set; } = "text";

    /// <summary>Gets the options under <c>link</c>: how peers are reached and let in.</summary>
    public LinkOptions Link { get; } = new();

    /// <summary>Gets the options under <c>pbm</c>: where operators reach this node, and who may.</summary>
    public PbmListenOptions Pbm { get; } = new();

    /// <summary>Gets the options under <c>cluster</c>: which cluster this node is of.</summary>
    public ClusterOptions Cluster { get; } = new();

    internal void Check(OptionProblems problems)
    {
        CheckListen(problems);
        problems.IsPathOrEmpty(ControlSocket, "kyberium.host.control-socket");
        if (System.Text.Encoding.UTF8.GetByteCount(ControlSocket ?? "") > Control.ControlSocket.PathBytesMax)
        {
            problems.Add(
                "kyberium.host.control-socket", ControlSocket, $"must be at most {Control.ControlSocket.PathBytesMax} bytes, as long as a socket's path may be");
        }

        problems.InRange(ControlRequestBytesMax, 64L << 10, 64L << 20, "kyberium.host.control-request-bytes-max");
        problems.InRange(ControlConnectionsMax, 2, 1_024, "kyberium.host.control-connections-max");
        problems.InRange(DrainTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10), "kyberium.host.drain-timeout");
        IsOneOf(problems, LogLevel, LogLevels.Keys, "kyberium.host.log-level");
        IsOneOf(problems, LogFormat, ["text", "json"], "kyberium.host.log-format");
        Link.Check(problems);
        Pbm.Check(problems, "kyberium.host.pbm.");
        Cluster.Check(problems);
    }

    internal LogLevel MinimumLevel => LogLevels[LogLevel];

    internal bool LogsJson => LogFormat == "json";

    private static readonly IReadOnlyDictionary<string, LogLevel> LogLevels = new Dictionary<string, LogLevel>(StringComparer.Ordinal)
    {
        ["trace"] = Microsoft.Extensions.Logging.LogLevel.Trace,
        ["debug"] = Microsoft.Extensions.Logging.LogLevel.Debug,
        ["information"] = Microsoft.Extensions.Logging.LogLevel.Information,
        ["warning"] = Microsoft.Extensions.Logging.LogLevel.Warning,
        ["error"] = Microsoft.Extensions.Logging.LogLevel.Error,
        ["none"] = Microsoft.Extensions.Logging.LogLevel.None,
    };

    private void CheckListen(OptionProblems problems)
    {
        foreach (var address in Listen)
        {
            var isTls = address.StartsWith("https://", StringComparison.Ordinal);
            if (!isTls && !address.StartsWith("http://", StringComparison.Ordinal))
            {
                problems.Add("kyberium.host.listen", address, "must begin with http:// or https://");
            }

            if (isTls && string.IsNullOrEmpty(Link.CertificateFile))
            {
                problems.Add("kyberium.host.link.certificate-file", Link.CertificateFile, $"must name a PEM file, since {address} listens with TLS");
            }
        }
    }

    private static void IsOneOf(OptionProblems problems, string? value, IEnumerable<string> allowed, string key)
    {
        if (value is null || !allowed.Contains(value, StringComparer.Ordinal))
        {
            problems.Add(key, value, $"must be one of {string.Join(", ", allowed)}");
        }
    }
}

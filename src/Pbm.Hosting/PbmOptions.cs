using System.Net;
using Kyberium.Pbm.Hosting.Admission;

namespace Kyberium.Pbm.Hosting;

/// <summary>Where a process listens for <c>pbm</c>, whom it lets in, and what bounds them.</summary>
public sealed class PbmOptions
{
    /// <summary>Gets or sets the addresses, each <c>ip:port</c> or <c>localhost:port</c>. Default <c>127.0.0.1:9110</c>; port 0 takes a free one.</summary>
    /// <remarks>Anything but a loopback address needs TLS and a proof of who calls; without them the server does not start.</remarks>
    public IReadOnlyList<string> Listen { get; set; } = [$"127.0.0.1:{Protocol.PbmLimits.DefaultPort}"];

    /// <summary>Gets or sets the process's name and version, as clients see it. At most 128 characters. Default: the entry assembly's.</summary>
    public string Program { get; set; } = ProgramOf(System.Reflection.Assembly.GetEntryAssembly());

    /// <summary>Gets or sets the PEM file with the server's certificate chain, leaf first; <see langword="null"/>: no TLS.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>Gets or sets the PEM file with the private key; <see langword="null"/>: it lies in the certificate's.</summary>
    public string? CertificateKeyFile { get; set; }

    /// <summary>Gets or sets the PEM file with the authorities of operators' certificates; <see langword="null"/>: certificates are no proof.</summary>
    public string? OperatorAuthorityFile { get; set; }

    /// <summary>Gets or sets the file with operators' tokens, of mode 0600, read anew for each connection; <see langword="null"/>: tokens are
    /// no proof.</summary>
    /// <remarks>A line is a name, a space and a token of 32 to 256 characters; lines that begin with # are comments.</remarks>
    public string? TokenFile { get; set; }

    /// <summary>Gets or sets how many connections are served at once. Default 32; 1 to 1,024.</summary>
    public int ConnectionsMax { get; set; } = 32;

    /// <summary>Gets or sets how many calls one connection may have open. Default 16; 1 to 256.</summary>
    public int CallsMax { get; set; } = 16;

    /// <summary>Gets or sets how long a caller may take to say who it is. Default 10 s; 100 ms to 5 min.</summary>
    public TimeSpan HelloTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets how long a connection may stay without a call. Default 15 min; 100 ms to 1 day.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Gets or sets how long a call may take, unless its command follows something. Default 10 min; 100 ms to 1 day.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets or sets how long a caller may leave one frame unread before the connection is closed. Default 30 s; 100 ms to 10 min.</summary>
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how long a stop waits for calls in progress. Default 10 s; 100 ms to 10 min.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets what may be called, at most 64 palettes.</summary>
    public IList<PbmPalette> Palettes { get; } = [];

    /// <summary>Gets whether callers have to prove who they are.</summary>
    internal bool AsksForProof => TokenFile is not null || OperatorAuthorityFile is not null;

    /// <summary>Finds everything that stands against these options: the property, its value, the rule.</summary>
    internal IEnumerable<(string Property, object? Value, string Rule)> FindProblems()
    {
        foreach (var address in Listen)
        {
            if (!ListenAddress.TryParse(address, out var endpoint))
            {
                yield return (nameof(Listen), address, "must be ip:port or localhost:port, such as 127.0.0.1:9110");
            }
            else if (!IPAddress.IsLoopback(endpoint.Address) && (CertificateFile is null || !AsksForProof))
            {
                yield return (nameof(Listen), address,
                    "can be reached from other machines, so it needs certificate-file, and token-file or operator-authority-file; or listen on 127.0.0.1");
            }
        }

        if (OperatorAuthorityFile is not null && CertificateFile is null)
        {
            yield return (nameof(OperatorAuthorityFile), OperatorAuthorityFile, "needs certificate-file: operators' certificates are shown within TLS");
        }

        foreach (var (property, value, min, max) in Numbers())
        {
            if (value < min || value > max)
            {
                yield return (property, value, $"must be {min} to {max}");
            }
        }

        foreach (var (property, value, min, max) in Durations())
        {
            if (value < min || value > max)
            {
                yield return (property, value, $"must be {min} to {max}");
            }
        }

        if (Program is not { Length: > 0 and <= Protocol.PbmLimits.ProgramLengthMax })
        {
            yield return (nameof(Program), Program, $"must have 1 to {Protocol.PbmLimits.ProgramLengthMax} characters");
        }
    }

    private IEnumerable<(string Property, int Value, int Min, int Max)> Numbers() =>
        [(nameof(ConnectionsMax), ConnectionsMax, 1, 1_024), (nameof(CallsMax), CallsMax, 1, 256)];

    private IEnumerable<(string Property, TimeSpan Value, TimeSpan Min, TimeSpan Max)> Durations()
    {
        var min = TimeSpan.FromMilliseconds(100);
        return
        [
            (nameof(HelloTimeout), HelloTimeout, min, TimeSpan.FromMinutes(5)),
            (nameof(IdleTimeout), IdleTimeout, min, TimeSpan.FromDays(1)),
            (nameof(CallTimeout), CallTimeout, min, TimeSpan.FromDays(1)),
            (nameof(SendTimeout), SendTimeout, min, TimeSpan.FromMinutes(10)),
            (nameof(DrainTimeout), DrainTimeout, min, TimeSpan.FromMinutes(10)),
        ];
    }

    private static string ProgramOf(System.Reflection.Assembly? assembly) =>
        assembly?.GetName() is { } name ? $"{name.Name} {name.Version?.ToString(3)}" : "application";
}

using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Kyberium.Pbm.Hosting.Admission;

/// <summary>Reads where to listen: an address of this machine, never a name that somebody else resolves.</summary>
internal static class ListenAddress
{
    private const string Local = "localhost:";

    internal static bool TryParse(string? text, [NotNullWhen(true)] out IPEndPoint? endpoint)
    {
        endpoint = null;
        var written = text is not null && text.StartsWith(Local, StringComparison.OrdinalIgnoreCase) ? "127.0.0.1:" + text[Local.Length..] : text;
        var colon = written?.LastIndexOf(':') ?? -1;
        // A port is demanded: without one, the parser would take 0, and of an IPv6 address without brackets its last group.
        return colon > 0 && (written![0] == '[') == (written[colon - 1] == ']') && (written[0] == '[' || written.IndexOf(':', StringComparison.Ordinal) == colon)
            && IPEndPoint.TryParse(written, out endpoint);
    }
}

using System.Globalization;
using Kyberium.Pbm.Asking;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm;

/// <summary>A command line, taken apart as far as that goes without knowing what the server offers.</summary>
/// <param name="Target">Where to connect, and how.</param>
/// <param name="View">How answers are shown.</param>
/// <param name="Words">The palette, the command and its switches; none: the prompt.</param>
/// <param name="WantsHelp">Whether help is asked for.</param>
/// <param name="WantsVersion">Whether the version is.</param>
internal sealed record Arguments(Target Target, View View, IReadOnlyList<string> Words, bool WantsHelp, bool WantsVersion)
{
    private const string TokenVariable = "PBM_TOKEN_FILE";
    private const string TrustVariable = "PBM_TRUSTED_CERTIFICATE_FILE";

    /// <exception cref="PbmFailure">An option is not known or lacks its value.</exception>
    internal static Arguments Parse(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> variables)
    {
        var target = new Target("127.0.0.1", PbmLimits.DefaultPort)
        {
            TokenFile = NotEmpty(variables.GetValueOrDefault(TokenVariable)),
            TrustedCertificateFile = NotEmpty(variables.GetValueOrDefault(TrustVariable)),
        };
        var remaining = new Queue<string>(arguments);
        var (wantsHelp, wantsVersion, hasAddress) = (false, false, false);
        var rest = new List<string>();
        while (remaining.TryPeek(out var argument) && (argument.StartsWith('-') || (!hasAddress && argument.Contains(':', StringComparison.Ordinal))))
        {
            if (View.IsOption(argument))
            {
                rest.Add(remaining.Dequeue());
                if (View.TakesValue(argument) && remaining.TryDequeue(out var value))
                {
                    rest.Add(value);
                }

                continue;
            }

            _ = remaining.Dequeue();
            switch (argument)
            {
                case "--tls":
                    target = target with { UsesTls = true };
                    break;
                case "--trusted-certificate-file":
                    target = target with { TrustedCertificateFile = Value(argument, remaining), UsesTls = true };
                    break;
                case "--certificate-file":
                    target = target with { CertificateFile = Value(argument, remaining), UsesTls = true };
                    break;
                case "--certificate-key-file":
                    target = target with { CertificateKeyFile = Value(argument, remaining) };
                    break;
                case "--token-file":
                    target = target with { TokenFile = Value(argument, remaining) };
                    break;
                case "--operator":
                    target = target with { Operator = Value(argument, remaining) };
                    break;
                case "--version":
                    wantsVersion = true;
                    break;
                case not null when !argument.StartsWith('-'):
                    (target, hasAddress) = (target.At(argument), true);
                    break;
                default:
                    throw PbmFailures.Usage($"there is no option '{argument}' before the palette's name");
            }
        }

        rest.AddRange(remaining);
        var (view, words) = View.Take(rest);
        wantsHelp = view.WantsHelp;
        return new Arguments(target, view, words, wantsHelp, wantsVersion);
    }

    /// <summary>Reads a duration: a whole number and ms, s, m or h.</summary>
    internal static TimeSpan? Duration(string text)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        if (!int.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        return text[digits..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            _ => null,
        };
    }

    internal static string Value(string option, Queue<string> remaining) =>
        remaining.TryDequeue(out var value) ? value : throw PbmFailures.Usage($"{option} lacks its value");

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

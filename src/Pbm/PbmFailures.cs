using Kyberium.Pbm.Hosting;

namespace Kyberium.Pbm;

/// <summary>Every failure the program finds or is told.</summary>
internal static class PbmFailures
{
    internal static PbmFailure Usage(string what) => new(ExitCode.Usage, $"pbm: {what}; see 'pbm --help'");

    internal static PbmFailure UsageOf(string what, string command) => new(ExitCode.Usage, $"pbm: {what}; see 'pbm {command} --help'");

    internal static PbmFailure Told(int code, string message) => new(ExitCode.Of(code), $"KY{code}: {message}");

    internal static PbmFailure NotReached(string address, Exception cause) => new(
        ExitCode.NotReached,
        $"pbm: nothing answers at {address} ({cause.Message}); is the process running, and does it listen there (kyberium.host.pbm.listen)?", cause);

    internal static PbmFailure NoAnswer(string address, TimeSpan patience) => new(
        ExitCode.NotReached, $"pbm: {address} did not answer within {patience.TotalSeconds} s; is it a process that serves pbm, and with TLS or without?");

    internal static PbmFailure Lost(string address, Exception? cause) => new(
        ExitCode.NotReached, $"pbm: the connection to {address} was lost; what was asked may have been done: look, then repeat", cause);

    internal static PbmFailure NotUnderstood(string address, Exception cause) => new(
        ExitCode.Protocol, $"pbm: {address} does not speak this protocol ({cause.Message}); is --tls missing or too much?", cause);

    internal static PbmFailure NotTrusted(string address, Exception cause) => new(
        ExitCode.NotAuthenticated,
        $"pbm: TLS with {address} failed ({cause.Message}); name its authority with --trusted-certificate-file, and your own certificate if it asks for one", cause);

    internal static PbmFailure TokenInTheClear(string address) => new(
        ExitCode.Usage, $"pbm: a token would go to {address} in the clear; add --tls");

    internal static PbmFailure FileUnusable(string path, Exception cause) => new(
        ExitCode.Usage, $"pbm: '{path}' cannot be used ({cause.Message}); check the path, its mode and its form", cause);

    internal static PbmFailure Cancelled() => Told((int)PbmErrorCode.Cancelled, "cancelled");
}

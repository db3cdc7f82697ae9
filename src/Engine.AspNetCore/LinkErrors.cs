namespace Kyberium.Engine.AspNetCore;

/// <summary>What a link reports, each with what to do next.</summary>
internal static class LinkErrors
{
    internal static EngineException Unreachable(string address, Exception cause) => new(
        EngineErrorCode.PeerUnreachable,
        $"{address} did not take the envelopes ({cause.Message}); check that the peer runs and listens there over HTTP/2", cause);

    internal static EngineException TimedOut(string address, TimeSpan after) => new(
        EngineErrorCode.PeerUnreachable,
        $"{address} did not answer within {after.TotalSeconds:0.###} s; check the network, or raise the link's RequestTimeout");

    internal static EngineException NotALink(string address, string found) => new(
        EngineErrorCode.PeerUnreachable,
        $"{address} answered {found}, which no Kyberium link does; check the address and what stands in front of the peer");

    internal static EngineException Refused(string address, int status) => new(
        EngineErrorCode.PeerUnreachable,
        $"{address} answered with HTTP status {status}; check the address, and the request limits on both sides");

    internal static EngineException EnvelopeTooLarge(int length) => new(
        EngineErrorCode.PayloadTooLarge,
        $"an envelope of {length:N0} bytes does not fit a request; it has {LinkFormat.EnvelopeLengthMin} to {LinkFormat.EnvelopeLengthMax:N0} bytes");

    internal static EngineException Closed() => new(
        EngineErrorCode.PeerUnreachable, "the link was closed; start the engine again to send");

    internal static EngineException CannotListen(string listen, Exception cause) => new(
        EngineErrorCode.OptionsInvalid,
        $"the link cannot listen at {listen} ({cause.Message}); choose a free address of this machine", cause);

    internal static EngineException CertificateUnusable(string file, Exception cause) => new(
        EngineErrorCode.OptionsInvalid,
        $"certificate file '{file}' cannot be used ({cause.Message}); give a PEM file that this user may read", cause);

    internal static EngineException OptionInvalid(string name, string value, string allowed) => new(
        EngineErrorCode.OptionsInvalid, $"{name} is '{value}'; it must be {allowed}");
}

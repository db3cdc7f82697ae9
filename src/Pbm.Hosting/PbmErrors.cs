using Kyberium.Engine;

namespace Kyberium.Pbm.Hosting;

/// <summary>Every failure of the server that is its owner's to mend, with what to do next.</summary>
internal static class PbmErrors
{
    internal static EngineException Invalid(IEnumerable<string> problems) =>
        new(EngineErrorCode.OptionsInvalid, string.Join(Environment.NewLine, problems));

    internal static EngineException FileUnusable(string path, Exception cause) =>
        new(EngineErrorCode.OptionsInvalid, $"'{path}' cannot be used ({cause.Message}); check the path, its mode and its form", cause);

    internal static EngineException NoCertificate(string path) =>
        new(EngineErrorCode.OptionsInvalid, $"'{path}' holds no certificate in PEM; name the file with the authorities");

    internal static EngineException TokenFileOpenToOthers(string path) =>
        new(EngineErrorCode.OptionsInvalid, $"'{path}' holds tokens and others than its owner may use it; run 'chmod 600 {path}'");

    internal static EngineException TokenFileTooLarge(string path, int bytesMax) =>
        new(EngineErrorCode.OptionsInvalid, $"'{path}' is larger than {bytesMax:N0} bytes; is it the file with the tokens?");

    internal static EngineException TokenLineInvalid(string path, int line) =>
        new(EngineErrorCode.OptionsInvalid,
            $"line {line} of '{path}' is not a name, one space and a token of {Protocol.PbmLimits.TokenLengthMin} to {Protocol.PbmLimits.TokenLengthMax} characters");

    internal static EngineException NoTokens(string path) =>
        new(EngineErrorCode.OptionsInvalid, $"'{path}' holds no token, so nobody could call; add a line with a name and a token");

    internal static EngineException CannotListen(string address, Exception cause) =>
        new(EngineErrorCode.OptionsInvalid, $"cannot listen for pbm at {address} ({cause.Message}); choose another address or port", cause);

    internal static EngineException TooManyPalettes(string why) => new(EngineErrorCode.OptionsInvalid, why);
}

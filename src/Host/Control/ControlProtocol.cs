using Kyberium.Engine;
using Kyberium.Host.Documents;

namespace Kyberium.Host.Control;

/// <summary>The words of the control protocol. docs/formats/control-socket.md.</summary>
internal static class ControlProtocol
{
    internal const string Prefix = "/v1/";
    internal const string ReceivePath = Prefix + "receive";
    internal const string ActorHeader = "Kyberium-Actor";
    internal const int ActorLengthMax = 128;

    /// <summary>The HTTP status that goes with a code; the code is what counts.</summary>
    internal static int StatusOf(EngineErrorCode code) => ((int)code / 1_000) switch
    {
        1 => 400,
        2 => 422,
        3 => 503,
        _ => 500,
    };

    internal static ProblemDocument ProblemOf(EngineException failure)
    {
        var prefix = $"KY{(int)failure.Code}: ";
        var message = failure.Message.StartsWith(prefix, StringComparison.Ordinal) ? failure.Message[prefix.Length..] : failure.Message;
        return new ProblemDocument((int)failure.Code, message);
    }

    internal static EngineException FailureOf(ProblemDocument problem) => new((EngineErrorCode)problem.Code, problem.Message);
}

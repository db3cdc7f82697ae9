using Kyberium.Engine;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Pbm;

/// <summary>What the program tells its caller. docs/operating/exit-codes.md.</summary>
internal static class ExitCode
{
    internal const int Ok = 0;
    internal const int Caller = 1;
    internal const int Peer = 2;
    internal const int Usage = 64;
    internal const int NotReached = 69;
    internal const int Operator = 70;
    internal const int InputOutput = 74;
    internal const int Transient = 75;
    internal const int Protocol = 76;
    internal const int NotAuthenticated = 77;
    internal const int Interrupted = 130;

    /// <summary>Says how the program ends after a failure that the server told with this code.</summary>
    internal static int Of(int code) => code switch
    {
        (int)EngineErrorCode.RequestInvalid => Usage,
        (int)PbmErrorCode.CommandUnknown or (int)PbmErrorCode.SwitchInvalid => Usage,
        (int)PbmErrorCode.NotAuthenticated => NotAuthenticated,
        (int)PbmErrorCode.Cancelled => Interrupted,
        (int)PbmErrorCode.TooMany or (int)PbmErrorCode.TimedOut => Transient,
        >= 5_000 and < 6_000 => Protocol,
        _ => (code / 1_000) switch
        {
            1 => Caller,
            2 => Peer,
            3 => Transient,
            _ => Operator,
        },
    };
}

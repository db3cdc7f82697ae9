using Kyberium.Engine;

namespace Kyberium.Host;

/// <summary>What the process tells its caller. docs/operating/exit-codes.md.</summary>
internal static class ExitCode
{
    internal const int Ok = 0;
    internal const int Caller = 1;
    internal const int Peer = 2;
    internal const int Usage = 64;
    internal const int Operator = 70;
    internal const int Transient = 75;
    internal const int Configuration = 78;
    internal const int Interrupted = 130;

    internal static int Of(EngineErrorCode code) => code switch
    {
        EngineErrorCode.OptionsInvalid => Configuration,
        EngineErrorCode.RequestInvalid => Usage,
        _ => ((int)code / 1_000) switch
        {
            1 => Caller,
            2 => Peer,
            3 => Transient,
            _ => Operator,
        },
    };
}

namespace Kyberium.Pbm.Hosting;

/// <summary>Why the protocol itself refuses something. A number is never reused; docs/formats/pbm.md lists each.</summary>
/// <remarks>What a command reports comes with the code of <see cref="Kyberium.Engine.EngineErrorCode"/>, 1001 to 4999; these lie beside them.</remarks>
public enum PbmErrorCode
{
    /// <summary>No protocol version is spoken by both sides.</summary>
    VersionUnknown = 5001,

    /// <summary>The caller did not prove who it is.</summary>
    NotAuthenticated = 5002,

    /// <summary>What arrived is not a message of the protocol, or not one that may come now.</summary>
    FrameMalformed = 5003,

    /// <summary>A frame is longer than the protocol allows.</summary>
    FrameTooLarge = 5004,

    /// <summary>The caller cancelled the call.</summary>
    Cancelled = 5005,

    /// <summary>Too many connections, or too many calls of one connection, are open.</summary>
    TooMany = 5006,

    /// <summary>The other side took too long.</summary>
    TimedOut = 5007,

    /// <summary>The process has no such palette or command.</summary>
    CommandUnknown = 5008,

    /// <summary>A switch is missing, not known, or has a value of another type.</summary>
    SwitchInvalid = 5009,
}

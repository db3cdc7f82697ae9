namespace Kyberium.Engine.Wire;

/// <summary>Why bytes from outside were refused. For the log and the local caller; a peer is never told.</summary>
internal enum WireFailure
{
    /// <summary>Nothing was refused.</summary>
    None = 0,

    /// <summary>The bytes end before what they announce.</summary>
    Truncated,

    /// <summary>The bytes, or a length in them, exceed a limit.</summary>
    Oversized,

    /// <summary>Bytes follow where the message should end, or a length contradicts another.</summary>
    LengthMismatch,

    /// <summary>The version is not spoken here.</summary>
    VersionUnsupported,

    /// <summary>The suite is not known here.</summary>
    SuiteUnsupported,

    /// <summary>The envelope type is not known here.</summary>
    TypeUnknown,

    /// <summary>A field holds a value its rule excludes.</summary>
    FieldInvalid,

    /// <summary>A field that must be there is not.</summary>
    FieldMissing,

    /// <summary>A field occurs twice.</summary>
    FieldRepeated,

    /// <summary>Fields are not in ascending order.</summary>
    FieldOrder,

    /// <summary>A field marked critical is not known here.</summary>
    CriticalUnknown,

    /// <summary>A key fails the checks of its mechanism.</summary>
    KeyInvalid,
}

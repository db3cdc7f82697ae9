namespace Kyberium.Engine;

/// <summary>Which code seals records with AES-256-GCM. The bytes are the same; frozen policies store the number.</summary>
public enum AeadProviderChoice
{
    /// <summary>The platform's own, which may be a validated module.</summary>
    Platform = 1,

    /// <summary>The processor's AES and carry-less product instructions; a machine without them is refused.</summary>
    Intrinsics = 2,

    /// <summary>In options: the instructions where the processor has them, else the platform's. In a template: as the options say.</summary>
    Auto = 3,
}

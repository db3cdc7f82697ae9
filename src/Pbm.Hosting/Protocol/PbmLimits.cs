namespace Kyberium.Pbm.Hosting.Protocol;

/// <summary>What one side may make the other hold. docs/formats/pbm.md, section "Bounds"; part of version 1.</summary>
internal static class PbmLimits
{
    /// <summary>The version of the protocol that this code speaks.</summary>
    internal const int Version = 1;

    /// <summary>The port that users of such tools expect.</summary>
    internal const int DefaultPort = 9110;

    /// <summary>How long the first frame of a caller may be, who is nobody yet: bytes without the line feed.</summary>
    internal const int HelloBytesMax = 4 << 10;

    /// <summary>How long any other frame may be: bytes without the line feed.</summary>
    internal const int FrameBytesMax = 256 << 10;

    internal const int VersionsMax = 16;
    internal const int NameLengthMax = 64;
    internal const int DescriptionLengthMax = 500;
    internal const int PalettesMax = 64;
    internal const int CommandsMax = 64;
    internal const int SwitchesMax = 32;
    internal const int FieldsMax = 64;
    internal const int TextLengthMax = 64 << 10;
    internal const int TokenLengthMin = 32;
    internal const int TokenLengthMax = 256;
    internal const int ProgramLengthMax = 128;
    internal const int DepthMax = 8;

    /// <summary>The highest call id: what every JSON reader takes for a whole number.</summary>
    internal const long IdMax = (1L << 53) - 1;
}

namespace Kyberium.Configuration.Hocon;

/// <summary>Bounds that keep a hostile or mistaken configuration from using up the process.</summary>
public sealed record HoconLimits
{
    /// <summary>Gets the limits used when none are given.</summary>
    public static HoconLimits Default { get; } = new();

    /// <summary>Gets the size of one file or text, in bytes. Default 1 MiB; 1 to 64 MiB.</summary>
    public int FileBytesMax { get; init => field = InRange(value, 64 << 20); } = 1 << 20;

    /// <summary>Gets how deep objects, arrays and key paths may nest. Default 64; 1 to 256.</summary>
    public int NestingDepthMax { get; init => field = InRange(value, 256); } = 64;

    /// <summary>Gets how many files may include one another in a row. Default 16; 1 to 64.</summary>
    public int IncludeDepthMax { get; init => field = InRange(value, 64); } = 16;

    /// <summary>Gets how many include statements may be followed in total. Default 256; 1 to 65,536.</summary>
    public int IncludeCountMax { get; init => field = InRange(value, 65_536); } = 256;

    /// <summary>Gets how many substitutions may wait for one another in a row; each <c>+=</c> to one key counts
    /// as two. Default 512; 1 to 4,096.</summary>
    public int SubstitutionDepthMax { get; init => field = InRange(value, 4_096); } = 512;

    /// <summary>Gets how many steps resolving may take: look-ups, joins and values written. Default 4,000,000; 1 to
    /// 1,000,000,000.</summary>
    public int ExpansionStepsMax { get; init => field = InRange(value, 1_000_000_000); } = 4_000_000;

    /// <summary>Gets how many characters substitutions may write in total. Default 16 Mi; 1 to 1 Gi.</summary>
    public int ExpansionCharsMax { get; init => field = InRange(value, 1 << 30); } = 16 << 20;

    /// <summary>Gets how many problems are listed before the rest are only counted. Default 100; 1 to 10,000.</summary>
    public int ProblemCountMax { get; init => field = InRange(value, 10_000); } = 100;

    private static int InRange(int value, int max, [System.Runtime.CompilerServices.CallerMemberName] string name = "")
    {
        if (value < 1 || value > max)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be 1 to {max}.");
        }

        return value;
    }
}

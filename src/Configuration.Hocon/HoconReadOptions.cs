namespace Kyberium.Configuration.Hocon;

/// <summary>How a document is read. The same for files, strings and streams.</summary>
public sealed record HoconReadOptions
{
    /// <summary>Gets where a substitution looks when no key has its path; null means undefined.
    /// Default: the environment of the process.</summary>
    /// <remarks>Asked only for paths of one element, case-sensitively. HOCON.md, "Substitution fallback to
    /// environment variables".</remarks>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>Gets the bounds. Default: <see cref="HoconLimits.Default"/>.</summary>
    public HoconLimits Limits { get; init; } = HoconLimits.Default;

    /// <summary>Gets the name that problems and origins give to a string or stream. Default <c>&lt;text&gt;</c>.</summary>
    public string SourceName { get; init; } = "<text>";

    /// <summary>Gets the folder that relative includes of a string or stream start from. Null: such includes are a
    /// problem. Files always start from their own folder.</summary>
    public string? IncludeDirectory { get; init; }
}

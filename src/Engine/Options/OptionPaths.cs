namespace Kyberium.Engine;

/// <summary>What options say about paths.</summary>
internal static class OptionPaths
{
    /// <summary>Gives the absolute path, or <see langword="null"/> for an empty one.</summary>
    internal static string? Full(string? path) => string.IsNullOrEmpty(path) ? null : Path.GetFullPath(path);

    internal static bool IsInside(string? path, string? folder)
    {
        if (!IsUsable(path) || !IsUsable(folder))
        {
            return false;       // reported elsewhere, or not set
        }

        var prefix = Path.GetFullPath(folder!).TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar;
        return (Path.GetFullPath(path!) + Path.DirectorySeparatorChar).StartsWith(prefix, StringComparison.Ordinal);
    }

    internal static bool IsUsable(string? path) =>
        !string.IsNullOrWhiteSpace(path) && !path.Contains('\0', StringComparison.Ordinal);
}

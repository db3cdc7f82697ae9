namespace Kyberium.Repository.Tests;

/// <summary>The tree these tests were built from, without what builds leave behind.</summary>
internal static class SourceTree
{
    private static readonly HashSet<string> Skipped = new(StringComparer.Ordinal)
    {
        "bin", "obj", "artifacts", "TestResults", "BenchmarkDotNet.Artifacts", ".git", ".vs", ".idea", "node_modules",
    };

    internal static string Root { get; } = FindRoot();

    /// <summary>Gets every file as a path relative to the root, with slashes, in ordinal order.</summary>
    internal static IReadOnlyList<string> Files { get; } =
        [.. List(new DirectoryInfo(Root)).Select(Relative).Order(StringComparer.Ordinal)];

    internal static string Path(string relative) => System.IO.Path.Join(Root, relative);

    internal static string Read(string relative) => File.ReadAllText(Path(relative));

    internal static string Relative(string path) => System.IO.Path.GetRelativePath(Root, path).Replace('\\', '/');

    internal static IEnumerable<string> Below(string folder, string suffix) =>
        Files.Where(file => file.StartsWith(folder + "/", StringComparison.Ordinal) && file.EndsWith(suffix, StringComparison.Ordinal));

    private static IEnumerable<string> List(DirectoryInfo folder) => folder.EnumerateFiles().Select(file => file.FullName)
        .Concat(folder.EnumerateDirectories().Where(child => !Skipped.Contains(child.Name)).SelectMany(List));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Join(folder.FullName, "Akka.Engine.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The tests run outside the source tree.");
    }
}

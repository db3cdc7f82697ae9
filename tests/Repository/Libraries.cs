using System.Reflection;
using System.Xml.Linq;

namespace Kyberium.Repository.Tests;

/// <summary>The projects that become packages, and their assemblies.</summary>
internal static class Libraries
{
    /// <summary>Gets each packable project's file by its assembly's name.</summary>
    internal static IReadOnlyDictionary<string, string> Projects { get; } = new SortedDictionary<string, string>(
        SourceTree.Below("src", ".csproj").Where(IsPackable).ToDictionary(AssemblyName), StringComparer.Ordinal);

    internal static IReadOnlyList<Assembly> All { get; } =
        [.. Projects.Keys.Select(name => Assembly.LoadFrom(Path.Join(AppContext.BaseDirectory, name + ".dll")))];

    private static bool IsPackable(string project) =>
        XDocument.Parse(SourceTree.Read(project)).Descendants("IsPackable").Any(element => element.Value == "true");

    private static string AssemblyName(string project) =>
        XDocument.Parse(SourceTree.Read(project)).Descendants("AssemblyName").Single().Value;
}

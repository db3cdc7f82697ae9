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
        Says(project, "IsPackable") && !Says(project, "PackAsTool");     // a tool's package holds a program, which nobody references

    private static bool Says(string project, string property) =>
        XDocument.Parse(SourceTree.Read(project)).Descendants(property).Any(element => element.Value == "true");

    private static string AssemblyName(string project) =>
        XDocument.Parse(SourceTree.Read(project)).Descendants("AssemblyName").Single().Value;
}

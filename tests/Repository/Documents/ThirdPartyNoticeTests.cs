using System.Text.Json;
using System.Xml.Linq;

namespace Kyberium.Repository.Tests.Documents;

/// <summary>Goal: no package is shipped whose licence nobody looked at. Method: what the libraries and the host restored, by their lock
/// files, is looked up in THIRD-PARTY-NOTICES.md and compared with what each package says of itself.</summary>
public sealed class ThirdPartyNoticeTests
{
    private static readonly string[][] Notices =
        [.. SourceTree.Read("THIRD-PARTY-NOTICES.md").Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries))];

    public static TheoryData<string, string> Packages
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (name, version) in Restored().Distinct().Order())
            {
                data.Add(name, version);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void A_restored_package_is_listed_with_the_licence_it_declares(string name, string version)
    {
        var metadata = XDocument.Load(Path.Join(PackagesFolder, name.ToLowerInvariant(), version, name.ToLowerInvariant() + ".nuspec"));
        var license = metadata.Descendants().Single(element => element.Name.LocalName == "license");
        Assert.Equal("expression", license.Attribute("type")?.Value);
        if (metadata.Descendants().Any(element => element is { Name.LocalName: "developmentDependency", Value: "true" }))
        {
            Assert.Contains($"{name} ({license.Value})", SourceTree.Read("THIRD-PARTY-NOTICES.md"), StringComparison.Ordinal);
            return;     // checks the build, is not shipped
        }

        var notice = Assert.Single(Notices, row => Names(row[0], name));
        Assert.Equal(license.Value, notice[1]);
    }

    [Fact]
    public void Every_package_listed_is_restored()
    {
        var names = Restored().Select(package => package.Name).ToHashSet(StringComparer.Ordinal);
        Assert.Superset(new HashSet<string>(StringComparer.Ordinal) { "SQLitePCLRaw.core", "System.CommandLine" }, names);
        foreach (var row in Notices.Where(row => row.Length == 3 && row[2].StartsWith("`src/", StringComparison.Ordinal)))
        {
            var isPackage = !row[0].Contains("shared framework", StringComparison.Ordinal) && !row[0].Contains("native library", StringComparison.Ordinal);
            Assert.True(!isPackage || names.Any(name => Names(row[0], name)), $"{row[0]} is listed and nothing restores it");
        }
    }

    /// <summary>A row names one package, or with a star at the end all that begin so.</summary>
    private static bool Names(string row, string package) => row.EndsWith('*')
        ? package.StartsWith(row[..^1], StringComparison.Ordinal)
        : row == package;

    private static IEnumerable<(string Name, string Version)> Restored()
    {
        foreach (var file in SourceTree.Below("src", "/packages.lock.json"))
        {
            using var locked = JsonDocument.Parse(SourceTree.Read(file));
            foreach (var framework in locked.RootElement.GetProperty("dependencies").EnumerateObject())
            {
                foreach (var package in framework.Value.EnumerateObject())
                {
                    if (package.Value.GetProperty("type").GetString() != "Project")
                    {
                        yield return (package.Name, package.Value.GetProperty("resolved").GetString()!);
                    }
                }
            }
        }
    }

    private static string PackagesFolder => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder
        ? folder
        : Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
}

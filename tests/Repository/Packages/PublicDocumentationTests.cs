using System.Xml.Linq;

namespace Kyberium.Repository.Tests.Packages;

/// <summary>Goal: every public type says what it is, and an exception's documentation goes with the package.</summary>
public sealed class PublicDocumentationTests
{
    public static TheoryData<string> Names => [.. Libraries.Projects.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Every_public_type_has_a_summary(string assembly)
    {
        var documented = XDocument.Load(Path.Join(AppContext.BaseDirectory, assembly + ".xml")).Descendants("member")
            .Where(member => member.Element("summary")?.Value.Trim().Length > 10)
            .Select(member => member.Attribute("name")!.Value).ToHashSet();
        var types = Libraries.All.Single(loaded => loaded.GetName().Name == assembly).GetExportedTypes();

        Assert.NotEmpty(types);
        Assert.Empty(types.Select(type => "T:" + type.FullName!.Replace('+', '.')).Except(documented));
    }

    [Fact]
    public void No_project_of_a_library_turns_the_compilers_check_of_members_off() => Assert.All(
        Libraries.Projects.Values,
        project => Assert.DoesNotContain("1591", SourceTree.Read(project), StringComparison.Ordinal));
}

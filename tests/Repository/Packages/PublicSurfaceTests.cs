namespace Kyberium.Repository.Tests.Packages;

/// <summary>Goal: nothing becomes public, and nothing public goes, without a line in docs/api that a reviewer sees.</summary>
/// <remarks>Run with <c>KYBERIUM_WRITE_API=1</c> to write the listings anew.</remarks>
public sealed class PublicSurfaceTests
{
    public static TheoryData<string> Names => [.. Libraries.Projects.Keys];

    [Fact]
    public void The_libraries_are_there() => Assert.Superset(
        new HashSet<string> { "Kyberium.Configuration.Hocon", "Kyberium.Engine", "Kyberium.Engine.Sqlite" }, Libraries.Projects.Keys.ToHashSet());

    [Theory, MemberData(nameof(Names))]
    public void The_public_surface_is_the_one_listed(string assembly)
    {
        var file = $"docs/api/{assembly}.txt";
        var actual = PublicSurface.Of(Libraries.All.Single(loaded => loaded.GetName().Name == assembly));
        if (Environment.GetEnvironmentVariable("KYBERIUM_WRITE_API") == "1")
        {
            Directory.CreateDirectory(SourceTree.Path("docs/api"));
            File.WriteAllText(SourceTree.Path(file), actual);
        }

        var listed = File.Exists(SourceTree.Path(file)) ? SourceTree.Read(file) : "";
        var (added, gone) = (actual.Split('\n').Except(listed.Split('\n')), listed.Split('\n').Except(actual.Split('\n')));

        Assert.True(
            actual == listed,
            $"{file} is not what {assembly} shows. Added:\n{string.Join('\n', added)}\nGone:\n{string.Join('\n', gone)}\n"
            + "If that is meant: KYBERIUM_WRITE_API=1 dotnet test tests/Repository --filter PublicSurface, and commit the change");
    }

    [Fact]
    public void Every_listing_belongs_to_a_library() => Assert.Equal(
        Libraries.Projects.Keys.Select(name => $"docs/api/{name}.txt").Order(StringComparer.Ordinal), SourceTree.Below("docs/api", ".txt"));
}

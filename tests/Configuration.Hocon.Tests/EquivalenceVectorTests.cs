using System.Text.Json.Nodes;

namespace Kyberium.Configuration.Hocon.Tests;

/// <summary>Published vectors: every file of a folder means the same as its original.json. Origin: Vectors/hocon/SOURCE.md.</summary>
public sealed class EquivalenceVectorTests
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "Vectors", "hocon");

    public static TheoryData<string> Files =>
        [.. Directory.GetDirectories(Root, "equiv*").SelectMany(Directory.GetFiles)
            .Select(path => Path.GetRelativePath(Root, path)).Order(StringComparer.Ordinal)];

    [Fact]
    public void Files_are_complete() => Assert.Equal(13, Files.Count);

    [Theory, MemberData(nameof(Files))]
    public void File_means_the_same_as_the_original(string file)
    {
        var path = Path.Combine(Root, file);
        var original = JsonNode.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(path)!, "original.json")));

        var read = HoconDocument.Load(path, HoconJson.NoEnvironment);

        HoconJson.Equal(original, HoconJson.ToJson(read.Root), file);
    }

    // The JSON reader and the HOCON reader are two implementations; JSON must mean the same to both.
    [Theory, InlineData("equiv01/original.json"), InlineData("equiv03/original.json"), InlineData("equiv01/no-whitespace.json")]
    public void Json_is_hocon(string file)
    {
        var text = File.ReadAllText(Path.Combine(Root, file));

        HoconJson.Same(text, text);
    }
}

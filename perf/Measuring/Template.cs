using Kyberium.Engine;

namespace Kyberium.Measuring;

/// <summary>The policy of measured peers: the default one with any suite.</summary>
internal static class Template
{
    internal const string Id = "measured";

    internal static void Write(string directory, Suite suite)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(
            Path.Combine(directory, Id + ".json"),
            $$"""{ "id": "{{Id}}", "version": 1, "description": "Any suite.", "extends": "default", "suites": ["{{suite.ToString().ToUpperInvariant()}}"], "requireHybrid": false }""");
    }
}

using System.Text.Json;

namespace Kyberium.Engine.Tests.Cryptography;

/// <summary>Reads published vectors from the Vectors folder beside the test assembly.</summary>
internal static class VectorJson
{
    internal static string PathOf(string relative) => Path.Combine(AppContext.BaseDirectory, "Vectors", relative);

    internal static JsonElement Load(string relative)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PathOf(relative)));
        return document.RootElement.Clone();
    }

    internal static IEnumerable<JsonElement> Groups(this JsonElement file) => file.GetProperty("testGroups").EnumerateArray();

    internal static IEnumerable<JsonElement> Tests(this JsonElement group) => group.GetProperty("tests").EnumerateArray();

    internal static int Number(this JsonElement element, string name) => element.GetProperty(name).GetInt32();

    internal static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    internal static byte[] Hex(this JsonElement element, string name) => Convert.FromHexString(element.Text(name));

    /// <summary>Fails with the vector's name and both byte strings.</summary>
    internal static void AssertBytes(string vector, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        if (!expected.SequenceEqual(actual))
        {
            Assert.Fail($"{vector}: expected {Convert.ToHexStringLower(expected)}, got {Convert.ToHexStringLower(actual)}");
        }
    }
}

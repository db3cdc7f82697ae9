using System.Text;
using System.Text.Json;

namespace Kyberium.Crash;

/// <summary>A line to a node.</summary>
internal sealed record NodeRequest(string Do, int Index = 0, byte[]? Payload = null, byte[]? Document = null, string? Address = null);

/// <summary>A line from a node.</summary>
internal sealed record NodeEvent(
    string What, int Index = 0, Guid Stream = default, ulong Number = 0, byte[]? Payload = null, byte[]? Document = null,
    string? Address = null, string? Detail = null);

/// <summary>Lines of JSON; a kill may cut the last one off.</summary>
internal static class NodeLines
{
    internal static UTF8Encoding Utf8 { get; } = new(encoderShouldEmitUTF8Identifier: false);

    internal static string Write<T>(T line) => JsonSerializer.Serialize(line);

    internal static T? TryRead<T>(string line)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

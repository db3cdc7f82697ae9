using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kyberium.Host.Demo;

/// <summary>What the demo asks of a node: one line of JSON on its standard input.</summary>
internal sealed record DemoRequest
{
    internal const string Pin = "pin";
    internal const string Connect = "connect";
    internal const string Send = "send";

    public required string Do { get; init; }

    /// <summary>Gets the peer's public document, to pin.</summary>
    public byte[]? Document { get; init; }

    /// <summary>Gets where the peer listens.</summary>
    public string? Address { get; init; }

    /// <summary>Gets which line of the text is sent, 0-based.</summary>
    public int Index { get; init; }

    /// <summary>Gets the line with its line feed.</summary>
    public byte[]? Line { get; init; }
}

/// <summary>What a node tells the demo: one line of JSON on its standard output.</summary>
internal sealed record DemoEvent
{
    internal const string Ready = "ready";
    internal const string Pinned = "pinned";
    internal const string Connected = "connected";
    internal const string Sent = "sent";
    internal const string Received = "received";
    internal const string Failed = "failed";
    internal const string Ended = "ended";

    public required string What { get; init; }

    public byte[]? Document { get; init; }

    public string? Address { get; init; }

    /// <summary>Gets which line was made durable, 0-based.</summary>
    public int Index { get; init; }

    /// <summary>Gets the received message's stream.</summary>
    public Guid Stream { get; init; }

    /// <summary>Gets the received message's number in its stream, 1 or more.</summary>
    public ulong Number { get; init; }

    public byte[]? Line { get; init; }

    /// <summary>Gets how long the handshake or the start of the engine took.</summary>
    public double Millis { get; init; }

    /// <summary>Gets how many envelopes with durable messages this process has put on the link so far.</summary>
    public long Envelopes { get; init; }

    public string? Detail { get; init; }
}

/// <summary>Lines of JSON between the demo and its nodes.</summary>
internal static class DemoJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    internal static UTF8Encoding Utf8 { get; } = new(encoderShouldEmitUTF8Identifier: false);

    internal static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Reads a line; <see langword="null"/> for one that a kill cut off.</summary>
    internal static T? TryRead<T>(string line)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

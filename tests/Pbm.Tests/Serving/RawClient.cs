using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Kyberium.Pbm.Tests.Serving;

/// <summary>A client made of a socket and text, so that the protocol is held to its page and not to its own code.</summary>
internal sealed class RawClient : IDisposable
{
    internal const string Hello = """{"type":"hello","versions":[1],"program":"raw","operator":"alice"}""";

    private readonly TcpClient _client;
    private readonly StreamReader _reader;

    internal RawClient(TcpClient client, Stream? stream = null)
    {
        _client = client;
        Stream = stream ?? client.GetStream();
        _reader = new StreamReader(Stream, new UTF8Encoding(false), leaveOpen: true);
    }

    internal Stream Stream { get; }

    /// <summary>Gets what the server answered to the hello.</summary>
    internal JsonNode Welcome { get; private set; } = null!;

    internal static async Task<RawClient> ConnectAsync(int port)
    {
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port).WaitAsync(TestPalette.Patience);
        return new RawClient(client);
    }

    internal static async Task<RawClient> GreetAsync(int port, string hello = Hello)
    {
        var made = await ConnectAsync(port);
        await made.GreetAsync(hello);
        return made;
    }

    internal async Task GreetAsync(string hello = Hello)
    {
        await SendAsync(hello);
        Welcome = await ReadAsync();
    }

    internal async Task SendAsync(string line) => await Stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n")).AsTask().WaitAsync(TestPalette.Patience);

    internal Task CallAsync(long id, string command, string switches = "{}") =>
        SendAsync($$"""{"type":"call","id":{{id}},"palette":"test","command":"{{command}}","switches":{{switches}}}""");

    internal async Task<JsonNode> ReadAsync() => await TryReadAsync() ?? throw new InvalidOperationException("the server closed the connection");

    /// <summary>Reads a frame; nothing when the server closed the connection.</summary>
    internal async Task<JsonNode?> TryReadAsync()
    {
        try
        {
            return await _reader.ReadLineAsync().WaitAsync(TestPalette.Patience) is { } line ? JsonNode.Parse(line) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        Stream.Dispose();
        _client.Dispose();
    }
}

using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Output;

/// <summary>For machines: <c>{"item":{…}}</c> a line, then <c>{"count":n}</c>; with --every, <c>{"at":"…"}</c> before each answer.</summary>
internal sealed class JsonAnswer(TextWriter output) : Answer(output)
{
    private static readonly JsonSerializerOptions Form = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal override Task BeginAsync(DateTimeOffset now) =>
        WriteAsync("at", JsonValue.Create(now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)));

    internal override Task WriteAsync(PbmMessage.Item item) => WriteAsync("item", item.Fields.DeepClone());

    internal override Task EndAsync(long count, string items) => WriteAsync("count", JsonValue.Create(count));

    private Task WriteAsync(string name, JsonNode? value) => Output.WriteLineAsync(new JsonObject { [name] = value }.ToJsonString(Form));
}

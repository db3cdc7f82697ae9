using System.Text.Json.Nodes;
using Kyberium.Configuration.Hocon.Resolution;
using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon.Tests;

/// <summary>Compares what HOCON means with what JSON says.</summary>
internal static class HoconJson
{
    internal static readonly HoconReadOptions NoEnvironment = new() { Environment = _ => null };

    internal static JsonNode? Read(string hocon, HoconReadOptions? options = null) =>
        ToJson(HoconDocument.Parse(hocon, options ?? NoEnvironment).Root);

    /// <summary>Asserts that the HOCON text means the JSON text, types and order of lists included.</summary>
    internal static void Same(string json, string hocon, HoconReadOptions? options = null) =>
        Equal(JsonNode.Parse(json), Read(hocon, options), hocon);

    internal static void Equal(JsonNode? expected, JsonNode? actual, string what) =>
        Assert.True(JsonNode.DeepEquals(expected, actual),
            $"{what}\nexpected {expected?.ToJsonString()}\nactual   {actual?.ToJsonString()}");

    internal static IReadOnlyList<HoconProblem> Problems(string hocon, HoconReadOptions? options = null) =>
        Assert.Throws<HoconException>(() => HoconDocument.Parse(hocon, options ?? NoEnvironment)).Problems;

    internal static HoconProblem Problem(string hocon, HoconReadOptions? options = null) =>
        Assert.Single(Problems(hocon, options));

    internal static JsonNode? ToJson(HoconNode node) => node switch
    {
        HoconNode.Object fields => new JsonObject(fields.Fields.Select(f => KeyValuePair.Create(f.Key, ToJson(f.Value)))),
        HoconNode.Array array => new JsonArray([.. array.Elements.Select(ToJson)]),
        HoconNode.Scalar { Kind: ScalarKind.String } scalar => JsonValue.Create(scalar.Text),
        HoconNode.Scalar scalar => JsonNode.Parse(scalar.Text),
        _ => throw new ArgumentException(node.ToString(), nameof(node)),
    };
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kyberium.Pbm.Hosting;

/// <summary>One item of an answer: named values for machines, and a line for people.</summary>
public sealed class PbmItem
{
    private PbmItem(JsonObject fields, string? text)
    {
        Fields = fields;
        Text = text;
    }

    internal JsonObject Fields { get; }

    internal string? Text { get; }

    /// <summary>Makes an item whose line is its values, separated by <c> | </c>, in this order.</summary>
    /// <param name="fields">At most 64; names in camelCase; values are text, numbers, truth values, <see langword="null"/> or lists of text.</param>
    /// <exception cref="ArgumentException">A name is there twice, or there are too many.</exception>
    public static PbmItem Row(params IReadOnlyList<(string Name, object? Value)> fields) => new(FieldsOf(fields), text: null);

    /// <summary>Makes an item that people read as one line for each value: <c>name: value</c>.</summary>
    /// <inheritdoc cref="Row"/>
    public static PbmItem Card(params IReadOnlyList<(string Name, object? Value)> fields)
    {
        var made = FieldsOf(fields);
        return new PbmItem(made, string.Join('\n', made.Select(field => $"{field.Key}: {ShowValue(field.Value)}")));
    }

    /// <summary>Makes an item whose line is a text of its own, such as a line of a log or of a tree.</summary>
    /// <param name="text">What people read; it may hold line feeds. At most 64 Ki characters.</param>
    /// <param name="fields">What machines read.</param>
    /// <inheritdoc cref="Row"/>
    public static PbmItem Line(string text, params IReadOnlyList<(string Name, object? Value)> fields)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new PbmItem(FieldsOf(fields), text);
    }

    /// <summary>Shows one value to people: nothing as a dash, a list with commas.</summary>
    internal static string ShowValue(JsonNode? value) => value switch
    {
        null => "-",
        JsonArray list => list.Count == 0 ? "-" : string.Join(", ", list.Select(ShowValue)),
        JsonValue one when one.GetValueKind() == JsonValueKind.String => one.GetValue<string>() is { Length: > 0 } text ? text : "-",
        JsonValue one => one.ToJsonString(),
        _ => throw new ArgumentException("A field's value is an object; it must be text, a number, a truth value or a list of text.", nameof(value)),
    };

    private static JsonObject FieldsOf(IReadOnlyList<(string Name, object? Value)> fields)
    {
        if (fields.Count > Protocol.PbmLimits.FieldsMax)
        {
            throw new ArgumentException($"An item has {fields.Count} fields; at most {Protocol.PbmLimits.FieldsMax} are sent.", nameof(fields));
        }

        var made = new JsonObject();
        foreach (var (name, value) in fields)
        {
            made.Add(name, ValueOf(value));
        }

        return made;
    }

    private static JsonNode? ValueOf(object? value) => value switch
    {
        null => null,
        string text => JsonValue.Create(text),
        bool truth => JsonValue.Create(truth),
        int number => JsonValue.Create(number),
        uint number => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        ulong number => JsonValue.Create(number),
        double number when double.IsFinite(number) => JsonValue.Create(number),
        IEnumerable<string> list => new JsonArray([.. list.Select(text => (JsonNode)JsonValue.Create(text))]),
        _ => throw new ArgumentException($"A field's value is a {value.GetType().Name}; it must be text, a number, a truth value or a list of text.", nameof(value)),
    };
}

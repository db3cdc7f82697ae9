using System.Text.Json;

namespace Kyberium.Engine.Templates;

/// <summary>A JSON value that knows its line and its path.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">From the root, e.g. <c>$.rekey.ageSoftSeconds</c>.</param>
/// <param name="Line">1-based.</param>
internal sealed record SourceValue(JsonTokenType Kind, string Path, int Line)
{
    /// <summary>Gets the text of a string.</summary>
    internal string Text { get; init; } = string.Empty;

    /// <summary>Gets a number when it is an integer of 64 bits.</summary>
    internal long? Integer { get; init; }

    internal List<SourceValue> Items { get; } = [];

    internal List<KeyValuePair<string, SourceValue>> Members { get; } = [];
}

/// <summary>Reads JSON into values with their lines; the platform's document model keeps none.</summary>
internal ref struct JsonSource
{
    private const int DepthMax = 8;

    private readonly ReadOnlySpan<byte> _bytes;
    private Utf8JsonReader _reader;
    private int _line;
    private int _counted;

    private JsonSource(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        _reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = DepthMax });
        _line = 1;
    }

    /// <summary>Reads one document.</summary>
    /// <returns>Its root, or <see langword="null"/> after reporting why there is none.</returns>
    internal static SourceValue? Read(ReadOnlySpan<byte> bytes, string file, List<TemplateProblem> problems)
    {
        try
        {
            var source = new JsonSource(bytes);
            source._reader.Read();
            var root = source.ReadValue("$");
            source._reader.Read();      // anything but white space after the root throws
            return root;
        }
        catch (JsonException e)
        {
            problems.Add(new TemplateProblem(file, "$", (int)(e.LineNumber ?? 0) + 1, $"is not JSON: {e.Message}"));
            return null;
        }
        catch (InvalidOperationException)
        {
            problems.Add(new TemplateProblem(file, "$", 0, "holds text that is not valid UTF-8"));
            return null;
        }
    }

    private SourceValue ReadValue(string path)
    {
        var kind = _reader.TokenType;
        var line = Line();
        if (kind == JsonTokenType.StartObject)
        {
            return ReadMembers(new SourceValue(kind, path, line));
        }

        if (kind == JsonTokenType.StartArray)
        {
            return ReadItems(new SourceValue(kind, path, line));
        }

        return new SourceValue(kind, path, line)
        {
            Text = kind == JsonTokenType.String ? _reader.GetString()! : string.Empty,
            Integer = kind == JsonTokenType.Number && _reader.TryGetInt64(out var number) ? number : null,
        };
    }

    private SourceValue ReadMembers(SourceValue value)
    {
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = _reader.GetString()!;
            _reader.Read();
            value.Members.Add(new(name, ReadValue($"{value.Path}.{name}")));
        }

        return value;
    }

    private SourceValue ReadItems(SourceValue value)
    {
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            value.Items.Add(ReadValue($"{value.Path}[{value.Items.Count}]"));
        }

        return value;
    }

    private int Line()
    {
        var start = (int)_reader.TokenStartIndex;
        _line += _bytes[_counted..start].Count((byte)'\n');
        _counted = start;
        return _line;
    }
}

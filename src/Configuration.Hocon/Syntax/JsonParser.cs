using System.Text;
using System.Text.Json;

namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>Reads a .json file, which is strict JSON: a JSON file that other tools refuse is refused here too.</summary>
internal static class JsonParser
{
    internal static SyntaxNode Parse(string file, string text, HoconLimits limits, ProblemList problems)
    {
        var bytes = Encoding.UTF8.GetBytes(text.TrimStart('\uFEFF'));
        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = limits.NestingDepthMax });
            var lines = new LineCounter(file, bytes);
            reader.Read();
            var root = Value(ref reader, lines);
            reader.Read();
            if (root is ScalarNode)
            {
                problems.Add(root.Origin, "", "a JSON document must be an object or an array; wrap the value in {}");
            }

            return root;
        }
        catch (JsonException e)
        {
            var at = new HoconOrigin(file, (int)(e.LineNumber ?? 0) + 1, (int)(e.BytePositionInLine ?? 0) + 1);
            problems.Add(at, "", "this is not JSON; correct it, or rename the file to .conf if HOCON is meant");
            return new ScalarNode(at, ScalarKind.Broken, "");
        }
        catch (InvalidOperationException)   // a string with half of a surrogate pair
        {
            var at = new HoconOrigin(file, 1, 1);
            problems.Add(at, "", "a string holds half of a \\u surrogate pair; write both halves");
            return new ScalarNode(at, ScalarKind.Broken, "");
        }
    }

    private static SyntaxNode Value(ref Utf8JsonReader reader, LineCounter lines)
    {
        var origin = lines.OriginAt((int)reader.TokenStartIndex);
        return reader.TokenType switch
        {
            JsonTokenType.StartObject => Object(ref reader, lines, origin),
            JsonTokenType.StartArray => Array(ref reader, lines, origin),
            JsonTokenType.String => new ScalarNode(origin, ScalarKind.String, reader.GetString()!),
            JsonTokenType.Null => new ScalarNode(origin, ScalarKind.Null, "null"),
            JsonTokenType.True or JsonTokenType.False =>
                new ScalarNode(origin, ScalarKind.Boolean, reader.TokenType == JsonTokenType.True ? "true" : "false"),
            _ => new ScalarNode(origin, ScalarKind.Number, Encoding.UTF8.GetString(reader.ValueSpan)),
        };
    }

    private static ObjectNode Object(ref Utf8JsonReader reader, LineCounter lines, HoconOrigin origin)
    {
        var members = new List<MemberNode>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var at = lines.OriginAt((int)reader.TokenStartIndex);
            var name = reader.GetString()!;
            reader.Read();
            members.Add(new FieldNode(at, new KeyPath([name]), Value(ref reader, lines), IsAppend: false));
        }

        return new ObjectNode(origin, members);
    }

    private static ArrayNode Array(ref Utf8JsonReader reader, LineCounter lines, HoconOrigin origin)
    {
        var elements = new List<SyntaxNode>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            elements.Add(Value(ref reader, lines));
        }

        return new ArrayNode(origin, elements);
    }

    // Positions are asked for in rising order, so counting continues where it stopped.
    private sealed class LineCounter(string file, byte[] bytes)
    {
        private int _position;
        private int _line = 1;
        private int _lineStart;

        internal HoconOrigin OriginAt(int position)
        {
            for (; _position < position; _position++)
            {
                if (bytes[_position] == '\n')
                {
                    _line++;
                    _lineStart = _position + 1;
                }
            }

            return new HoconOrigin(file, _line, position - _lineStart + 1);
        }
    }
}

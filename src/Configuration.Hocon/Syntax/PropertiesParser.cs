using System.Globalization;
using System.Text;

namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>Reads a .properties file: keys are split at every dot, every value is a string, objects win over strings.
/// Source: HOCON.md, "Java properties mapping"; line format of java.util.Properties.load.</summary>
internal static class PropertiesParser
{
    internal static ObjectNode Parse(string file, string text, HoconLimits limits, ProblemList problems)
    {
        var fields = new List<FieldNode>();
        foreach (var (line, number) in LogicalLines(text))
        {
            var origin = new HoconOrigin(file, number, 1);
            var (key, value) = Split(line);
            if (Unescape(key) is not { } name || Unescape(value) is not { } content)
            {
                problems.Add(origin, "", "\\u needs four hexadecimal digits; write \\uXXXX");
                continue;
            }

            var path = new KeyPath(name.Split('.'));
            if (path.Elements.Count > limits.NestingDepthMax)
            {
                problems.Add(origin, "", $"values nest deeper than {limits.NestingDepthMax}; shorten the path or raise NestingDepthMax");
                continue;
            }

            fields.Add(new FieldNode(origin, path, new ScalarNode(origin, ScalarKind.String, content), IsAppend: false));
        }

        return new ObjectNode(new HoconOrigin(file, 1, 1), WithoutHiddenStrings(fields));
    }

    // 'a=x' and 'a.b=y': the object wins, whatever the order.
    private static List<FieldNode> WithoutHiddenStrings(List<FieldNode> fields)
    {
        var parents = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in fields)
        {
            for (var length = 1; length < field.Path.Elements.Count; length++)
            {
                parents.Add(string.Join('.', field.Path.Elements.Take(length)));
            }
        }

        return fields.FindAll(field => !parents.Contains(string.Join('.', field.Path.Elements)));
    }

    private static IEnumerable<(string Line, int Number)> LogicalLines(string text)
    {
        var pending = new StringBuilder();
        var (number, start) = (0, 0);
        foreach (var natural in text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n'))
        {
            number++;
            var line = natural.TrimStart(' ', '\t', '\f', '\uFEFF');
            if (pending.Length == 0 && start == 0)
            {
                if (line.Length == 0 || line[0] is '#' or '!')
                {
                    continue;
                }

                start = number;
            }

            var backslashes = line.Length - line.AsSpan().TrimEnd('\\').Length;
            if (backslashes % 2 == 1)
            {
                pending.Append(line, 0, line.Length - 1);
                continue;
            }

            yield return (pending.Append(line).ToString(), start);
            pending.Clear();
            start = 0;
        }

        if (start != 0)
        {
            yield return (pending.ToString(), start);
        }
    }

    private static (string Key, string Value) Split(string line)
    {
        var end = 0;
        while (end < line.Length && line[end] is not ('=' or ':' or ' ' or '\t' or '\f'))
        {
            end += line[end] == '\\' ? 2 : 1;
        }

        end = Math.Min(end, line.Length);
        var value = line.AsSpan(end).TrimStart(" \t\f");
        if (value is ['=' or ':', ..])
        {
            value = value[1..].TrimStart(" \t\f");
        }

        return (line[..end], value.ToString());
    }

    private static string? Unescape(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }

            i++;
            if (text[i] == 'u')
            {
                if (i + 4 >= text.Length || !ushort.TryParse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out var unit))
                {
                    return null;
                }

                result.Append((char)unit);
                i += 4;
                continue;
            }

            result.Append(text[i] switch { 't' => '\t', 'n' => '\n', 'r' => '\r', 'f' => '\f', var c => c });
        }

        return result.ToString();
    }
}

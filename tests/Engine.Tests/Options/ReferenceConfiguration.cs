using System.Globalization;
using System.Text.RegularExpressions;

namespace Kyberium.Engine.Tests.Options;

/// <summary>hocon/engine.conf as keys, values and comments.</summary>
/// <remarks>Reads the plain subset that this file is written in: one key or brace a line. A real HOCON reader can take its
/// place as long as it gives the same entries.</remarks>
internal static class ReferenceConfiguration
{
    internal sealed record Entry(string Key, string Value, string Comment);

    internal static IReadOnlyList<Entry> Read()
    {
        var entries = new List<Entry>();
        var prefix = new List<string>();
        var comment = new List<string>();
        foreach (var line in RepositoryFiles.Read("hocon/engine.conf").Split('\n').Select(line => line.Trim()))
        {
            if (line.StartsWith('#'))
            {
                comment.Add(line[1..].Trim());
                continue;
            }

            if (line.EndsWith('{'))
            {
                prefix.Add(line[..^1].Trim());
            }
            else if (line == "}")
            {
                prefix.RemoveAt(prefix.Count - 1);
            }
            else if (line.Length > 0)
            {
                var parts = line.Split('=', 2, StringSplitOptions.TrimEntries);
                Assert.True(parts.Length == 2, $"'{line}' is neither a key nor a brace");
                entries.Add(new Entry(string.Join('.', [.. prefix, parts[0]]), parts[1], string.Join(' ', comment)));
            }

            comment.Clear();
        }

        return entries;
    }

    /// <summary>Reads a value as the type of its option.</summary>
    internal static object Parse(string text, Type type)
    {
        if (type == typeof(string))
        {
            return text.Trim('"');
        }

        if (type.IsEnum)
        {
            return Enum.Parse(type, text.Trim('"'), ignoreCase: true);
        }

        var match = Regex.Match(text, @"^(?<number>[0-9.]+)( (?<unit>[A-Za-z]+))?$");
        Assert.True(match.Success, $"'{text}' is not a value");
        var number = match.Groups["number"].Value;
        var unit = match.Groups["unit"].Value;
        return type == typeof(int) ? int.Parse(number, CultureInfo.InvariantCulture)
            : type == typeof(double) ? double.Parse(number, CultureInfo.InvariantCulture)
            : type == typeof(long) ? long.Parse(number, CultureInfo.InvariantCulture) * Bytes(unit)
            : double.Parse(number, CultureInfo.InvariantCulture) * Duration(unit);
    }

    private static long Bytes(string unit) => unit switch
    {
        "KiB" => 1L << 10,
        "MiB" => 1L << 20,
        "GiB" => 1L << 30,
        _ => throw new InvalidOperationException($"unknown size '{unit}'"),
    };

    private static TimeSpan Duration(string unit) => unit switch
    {
        "ms" => TimeSpan.FromMilliseconds(1),
        "s" => TimeSpan.FromSeconds(1),
        "min" => TimeSpan.FromMinutes(1),
        "h" => TimeSpan.FromHours(1),
        "d" => TimeSpan.FromDays(1),
        _ => throw new InvalidOperationException($"unknown duration '{unit}'"),
    };
}

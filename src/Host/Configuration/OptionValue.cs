using System.Globalization;
using Kyberium.Configuration.Hocon;

namespace Kyberium.Host.Configuration;

/// <summary>Reads the text of a configuration value as the type of its option.</summary>
internal static class OptionValue
{
    /// <returns>False when the text has another form; <paramref name="expected"/> then says which.</returns>
    internal static bool TryParse(string text, Type type, out object value, out string expected)
    {
        (var parsed, expected) = type switch
        {
            _ when type == typeof(string) => ((object?)text, "text"),
            _ when type == typeof(int) => (
                int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count) ? count : null, "a whole number"),
            _ when type == typeof(long) => (HoconSize.TryParse(text, out var bytes) ? bytes : null, HoconSize.Expected),
            _ when type == typeof(double) => (
                double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var fraction) ? fraction : null, "a number"),
            _ when type == typeof(bool) => (HoconBoolean.TryParse(text, out var truth) ? truth : null, HoconBoolean.Expected),
            _ when type == typeof(TimeSpan) => (HoconDuration.TryParse(text, out var duration) ? duration : null, HoconDuration.Expected),
            _ when type.IsEnum => (FindName(text, type), "one of " + string.Join(", ", Enum.GetNames(type)).ToLowerInvariant()),
            _ => throw new InvalidOperationException($"no option has type {type.Name}"),
        };
        value = parsed!;
        return parsed is not null;
    }

    // By name only: Enum.TryParse would read numbers and lists too.
    private static object? FindName(string text, Type type) =>
        Enum.GetNames(type).FirstOrDefault(name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse(type, name) : null;
}

using System.Globalization;
using System.Numerics;

namespace Kyberium.Engine;

/// <summary>Collects what is wrong with options, so that all of it is reported together.</summary>
internal sealed class OptionProblems
{
    private readonly List<string> _lines = [];

    /// <summary>Gets the problems, each as <c>key = value: rule</c>.</summary>
    internal IReadOnlyList<string> Lines => _lines;

    /// <summary>Adds a problem.</summary>
    /// <param name="key">The HOCON key.</param>
    /// <param name="value">The value given; not secret.</param>
    /// <param name="rule">What it must be.</param>
    internal void Add(string key, object? value, string rule) =>
        _lines.Add(string.Create(CultureInfo.InvariantCulture, $"{key} = {Print(value)}: {rule}"));

    internal void InRange<T>(T value, T min, T max, string key)
        where T : INumber<T>
    {
        if (!(value >= min && value <= max))    // so written, NaN is refused too
        {
            Add(key, value, $"must be {Print(min)} to {Print(max)}");
        }
    }

    internal void InRange(TimeSpan value, TimeSpan min, TimeSpan max, string key)
    {
        if (value < min || value > max)
        {
            Add(key, value, $"must be {Print(min)} to {Print(max)}");
        }
    }

    internal void IsOneOf<T>(T value, string key)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            Add(key, value, $"must be one of {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}");
        }
    }

    internal void IsPathOrEmpty(string? value, string key)
    {
        if (!string.IsNullOrEmpty(value) && !OptionPaths.IsUsable(value))
        {
            Add(key, value, "must be a path or empty");
        }
    }

    internal void IsName(string? value, string key)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            Add(key, value, "must be given");
        }
    }

    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>, one line per problem.</exception>
    internal void ThrowIfAny()
    {
        if (_lines.Count > 0)
        {
            throw OptionsErrors.Invalid(_lines);
        }
    }

    private static string Print(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text.Replace("\0", "\\0", StringComparison.Ordinal)}\"",
        TimeSpan span => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds} ms"),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}

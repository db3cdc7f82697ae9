using System.Reflection;
using System.Text.RegularExpressions;
using Kyberium.Configuration.Hocon;
using Microsoft.Extensions.Configuration;

namespace Kyberium.Host.Configuration;

/// <summary>One option: a property and the key that sets it.</summary>
/// <param name="Key">As HOCON writes it, e.g. <c>kyberium.engine.shard.count</c>.</param>
/// <param name="Owner">The options object that has the property.</param>
/// <param name="Property">The property.</param>
internal sealed partial record OptionEntry(string Key, object Owner, PropertyInfo Property)
{
    /// <summary>Gets the key as configuration names it.</summary>
    internal string ConfigurationKey =>
        KebabCaseKeys.Normalize(Key.Replace(".", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal));

    internal bool IsList => Property.PropertyType == typeof(IReadOnlyList<string>);

    /// <summary>Lists the options of an object and of the groups in it, in the order they are declared.</summary>
    /// <param name="prefix">The object's own key.</param>
    internal static IEnumerable<OptionEntry> Of(object options, string prefix)
    {
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var key = $"{prefix}.{Kebab(property.Name)}";
            if (property.CanWrite)
            {
                yield return new OptionEntry(key, options, property);
            }
            else
            {
                foreach (var inner in Of(property.GetValue(options)!, key))
                {
                    yield return inner;
                }
            }
        }
    }

    private static string Kebab(string name) => Hump().Replace(name, "-$0").ToLowerInvariant();

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]")]
    private static partial Regex Hump();
}

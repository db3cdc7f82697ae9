using System.Globalization;
using Kyberium.Configuration.Hocon.Resolution;
using Kyberium.Configuration.Hocon.Syntax;
using Microsoft.Extensions.Configuration;

namespace Kyberium.Configuration.Hocon;

/// <summary>Renders a resolved document as configuration keys: one per value, list elements by index, hyphens
/// dropped.</summary>
/// <remarks>As the JSON source does: null is a key without a value, an empty list is an empty string, an empty object
/// is a key without a value.</remarks>
internal sealed class ConfigurationKeys
{
    private readonly Dictionary<string, string?> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, HoconOrigin> _origins = new(StringComparer.OrdinalIgnoreCase);
    private readonly ProblemList _problems;

    private ConfigurationKeys(ProblemList problems) => _problems = problems;

    internal IReadOnlyDictionary<string, string?> Values => _values;

    /// <summary>Gets where each value, and each section, was written.</summary>
    internal IReadOnlyDictionary<string, HoconOrigin> Origins => _origins;

    internal static ConfigurationKeys Render(HoconNode root, ProblemList problems)
    {
        var keys = new ConfigurationKeys(problems);
        keys.Children(root, null, KeyPath.Empty);
        return keys;
    }

    private void Children(HoconNode node, string? prefix, KeyPath path)
    {
        var children = node switch
        {
            HoconNode.Object fields => fields.Fields,
            HoconNode.Array array => array.Elements.Select((element, i) =>
                KeyValuePair.Create(i.ToString(CultureInfo.InvariantCulture), element)),
            _ => [],
        };
        foreach (var (name, child) in children)
        {
            var segment = KebabCaseKeys.NormalizeSegment(name);
            Node(child, prefix is null ? segment : ConfigurationPath.Combine(prefix, segment), path.Append(name));
        }
    }

    private void Node(HoconNode node, string key, KeyPath path)
    {
        if (!_origins.TryAdd(key, node.Origin))
        {
            _problems.Add(node.Origin, path.ToString(), $"the key written at {_origins[key]} is the same configuration key "
                + "with other case or hyphens; spell it the same in both places, or remove one");
            return;
        }

        switch (node)
        {
            case HoconNode.Scalar scalar: _values[key] = scalar.Kind == ScalarKind.Null ? null : scalar.Text; break;
            case HoconNode.Array { Elements.Count: 0 }: _values[key] = ""; break;
            case HoconNode.Object { Fields.Count: 0 }: _values[key] = null; break;
            default: Children(node, key, path); break;
        }
    }
}

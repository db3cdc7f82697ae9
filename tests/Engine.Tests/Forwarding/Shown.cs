using System.Collections;
using System.Reflection;

namespace Kyberium.Engine.Tests.Forwarding;

/// <summary>Shows all that a value says, so that two can be compared by their contents: records compare memory and lists by where they lie.</summary>
internal static class Shown
{
    internal static string Of(object? value) => value switch
    {
        null => "nothing",
        string text => $"'{text}'",
        ReadOnlyMemory<byte> bytes => Convert.ToHexString(bytes.Span),
        Fingerprint fingerprint => Convert.ToHexString(fingerprint.Bytes),
        IdentityName or PeerId or Guid or Enum => value.ToString()!,
        IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Of))}]",
        _ when value.GetType().IsPrimitive => value.ToString()!,
        _ => $"{value.GetType().Name}({string.Join(", ", Properties(value.GetType()).Select(property => $"{property.Name}: {Of(property.GetValue(value))}"))})",
    };

    private static IEnumerable<PropertyInfo> Properties(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).OrderBy(static property => property.Name, StringComparer.Ordinal);
}

using Microsoft.Extensions.Configuration;

namespace Kyberium.Configuration.Hocon;

/// <summary>Makes <c>mailbox-count-max</c> and <c>MailboxCountMax</c> one configuration key.</summary>
/// <remarks>Configuration keys ignore case, so dropping the hyphens is enough. The rule holds for every segment, also
/// for names an operator chose: <c>node-1</c> becomes <c>node1</c>. Where a name matters, give it as a value.</remarks>
public static class KebabCaseKeys
{
    /// <summary>Returns <paramref name="key"/> without hyphens, segment by segment; a segment of hyphens only stays.</summary>
    /// <param name="key">Configuration key, segments separated by <c>:</c>.</param>
    public static string Normalize(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Contains('-', StringComparison.Ordinal)
            ? string.Join(ConfigurationPath.KeyDelimiter, key.Split(ConfigurationPath.KeyDelimiter).Select(NormalizeSegment))
            : key;
    }

    internal static string NormalizeSegment(string segment) =>
        segment.Replace("-", "", StringComparison.Ordinal) is { Length: > 0 } joined ? joined : segment;
}

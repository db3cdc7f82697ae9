using System.Text.Json;

namespace Kyberium.Engine.Templates;

/// <summary>One template file as read: what it says itself, before its ancestors are merged in.</summary>
internal sealed record TemplateDocument(
    string File, TemplateRef Ref, string Description, LocatedValue? Extends, IReadOnlyDictionary<string, LocatedValue> Values)
{
    internal const int SizeMax = 64 * 1024;

    private const int IdLengthMax = 64;
    private const int DescriptionLengthMax = 1_024;

    private static readonly string[] Heads = ["id", "version", "description", "extends"];

    private static readonly string[] Groups =
        [.. TemplateKeys.All.Where(key => key.Path.Contains('.', StringComparison.Ordinal)).Select(key => key.Path.Split('.')[0]).Distinct()];

    private static readonly Dictionary<string, TemplateKey> Keys = TemplateKeys.All.ToDictionary(key => key.Path);

    /// <summary>Reads a file, adding every problem it has.</summary>
    /// <returns>The document, or <see langword="null"/> when not even its id could be read.</returns>
    internal static TemplateDocument? Read(string file, ReadOnlySpan<byte> bytes, List<TemplateProblem> problems)
    {
        if (bytes.Length > SizeMax)
        {
            problems.Add(new TemplateProblem(file, "$", 0, $"has more than {SizeMax:N0} bytes"));
            return null;
        }

        if (JsonSource.Read(bytes, file, problems) is not { } root)
        {
            return null;
        }

        if (root.Kind != JsonTokenType.StartObject)
        {
            problems.Add(new TemplateProblem(file, "$", root.Line, "must be an object"));
            return null;
        }

        var reading = new Reading(file, problems);
        reading.Object(root, prefix: "");
        return reading.Finish(root);
    }

    private static bool IsId(string text) =>
        text.Length is > 0 and <= IdLengthMax && text.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');

    private sealed class Reading(string file, List<TemplateProblem> problems)
    {
        private readonly Dictionary<string, LocatedValue> _values = [];
        private readonly Dictionary<string, SourceValue> _heads = [];

        internal void Object(SourceValue source, string prefix)
        {
            var seen = new HashSet<string>();
            foreach (var (name, value) in source.Members)
            {
                if (!seen.Add(name))
                {
                    Report(value, "is given twice");
                    continue;
                }

                Member(prefix + name, name, value, prefix.Length == 0);
            }
        }

        internal TemplateDocument? Finish(SourceValue root)
        {
            var id = Head(root, "id", IsId, $"1 to {IdLengthMax} of a-z 0-9 -");
            var description = Head(root, "description", text => text.Length is > 0 and <= DescriptionLengthMax, "one line of text");
            var extends = _heads.TryGetValue("extends", out var parent)
                && Head(root, "extends", IsId, "the id of a template") is { } parentId
                    ? new LocatedValue(parentId, file, parent.Path, parent.Line)
                    : null;
            var version = 0;
            if (_heads.TryGetValue("version", out var source) && source.Integer is >= 1 and <= int.MaxValue)
            {
                version = (int)source.Integer;
            }
            else
            {
                Report(source ?? root with { Path = "$.version" }, $"must be given: 1 .. {int.MaxValue}");
            }

            return id is null
                ? null
                : new TemplateDocument(file, new TemplateRef(id, version), description ?? "", extends, _values);
        }

        private void Member(string path, string name, SourceValue value, bool atRoot)
        {
            if (atRoot && Heads.Contains(name))
            {
                _heads[name] = value;
            }
            else if (atRoot && Groups.Contains(name))
            {
                if (value.Kind == JsonTokenType.StartObject)
                {
                    Object(value, name + ".");
                }
                else
                {
                    Report(value, "must be an object");
                }
            }
            else if (TemplateKeys.Refused.TryGetValue(path, out var reason))
            {
                Report(value, reason);
            }
            else if (!Keys.TryGetValue(path, out var key))
            {
                IEnumerable<string> known = [.. Keys.Keys, .. Heads, .. Groups];
                var nearest = NearestName.Find(path, known);
                Report(value, nearest is null ? "is not a known key" : $"is not a known key; did you mean '{nearest}'?");
            }
            else if (key.Read(value) is { } read)
            {
                _values[path] = new LocatedValue(read, file, value.Path, value.Line);
            }
            else
            {
                Report(value, $"must be {key.Allowed}");
            }
        }

        private string? Head(SourceValue root, string name, Func<string, bool> isAllowed, string allowed)
        {
            if (_heads.TryGetValue(name, out var source) && source.Kind == JsonTokenType.String && isAllowed(source.Text))
            {
                return source.Text;
            }

            Report(source ?? root with { Path = $"$.{name}" }, $"must be given: {allowed}");
            return null;
        }

        private void Report(SourceValue at, string message) => problems.Add(new TemplateProblem(file, at.Path, at.Line, message));
    }
}
